/** failing: say so, once. Whoever paid gets the credential, sealed, to use or to claim with. */
import { CUSTOMER_ERRORS, isRejection } from '../core/errors.js'
import { hasKey, type Failing } from '../core/job.js'
import { handoverPlaintext } from '../nostr/kinds/credential-handover.js'
import { buildErrorFeedback } from '../nostr/kinds/job-feedback.js'
import type { Step, StepContext } from './context.js'
import { aboutJob, answerJob } from './delivery.js'

export const failing: Step<'failing'> = async (context, job) => {
  const { code, httpStatus, remedy } = job.failure
  const sealed = await sealCredential(context, job)
  const feedback = buildErrorFeedback({
    ...aboutJob(context, job),
    code,
    message: CUSTOMER_ERRORS[code],
    httpStatus,
    ...(remedy === undefined ? {} : { remedy }),
    sealed,
  })
  const delivery = await answerJob(context, job, feedback, { purpose: 'error', notAfter: null })
  if (isRejection(delivery)) throw new Error('an error feedback is never too large')
  return { type: 'signed', delivery }
}

async function sealCredential({ signer, upstreams }: StepContext, job: Failing): Promise<string> {
  if (!hasKey(job)) return ''
  const plaintext = handoverPlaintext({
    jobId: job.id,
    url: upstreams.get(job.call.upstream)?.settings.publicUrl ?? null,
    method: job.call.method,
    target: job.call.target,
    scheme: job.offer.scheme,
    token: job.secrets.token,
    key: job.secrets.key,
    paymentHash: job.offer.paymentHash,
  })
  return signer.encrypt(job.customer, plaintext)
}

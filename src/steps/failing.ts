/** failing: say so, once. Whoever paid gets the credential, sealed, to use or to claim with. */
import { CUSTOMER_ERRORS, isRejection } from '../core/errors.js'
import { buildErrorFeedback } from '../nostr/kinds/job-feedback.js'
import type { Step } from './context.js'
import { aboutJob, answerJob } from './delivery.js'
import { sealFailed } from './handing-over.js'

export const failing: Step<'failing'> = async (context, job) => {
  const { code, httpStatus, remedy } = job.failure
  const sealed = await sealFailed(context, job)
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

/** What is sealed to a customer? The credential that its payment bought: where the job failed, and where the customer asks for it. */
import { isMalformed, type EventId } from '../core/identifiers.js'
import { hasKey, type Failing, type Offer, type PaidSecrets, type Publishing, type UpstreamCall } from '../core/job.js'
import { isReusable, macaroonPaymentHash, parseAuthorization } from '../l402/credential.js'
import { handoverPlaintext, type Handover } from '../nostr/kinds/credential-handover.js'
import type { Credit } from '../ports.js'
import type { StepContext } from './context.js'

/** Of a job that was paid and not served. Also where a call by credit left over may have taken effect: that was paid for, too. */
export async function sealFailed(context: StepContext, job: Failing): Promise<string> {
  const handover = hasKey(job) ? ownOf(context, job) : creditOfUnknown(context, job)
  return handover ? context.signer.encrypt(job.customer, handoverPlaintext(handover)) : ''
}

/** What the job's customer has left at its upstream, or else what the job itself was paid with; null where neither serves again. */
export async function sealLeft(context: StepContext, job: Publishing): Promise<string | null> {
  const credit = creditOf(context, job)
  const handover =
    (credit && leftOf(context, job, credit)) ??
    (hasKey(job) && isReusable(job.offer.scheme) ? ownOf(context, job) : null)
  return handover ? context.signer.encrypt(job.customer, handoverPlaintext(handover)) : null
}

/** `["param", "credential", "enclose"]` (PROTOCOL.md §Credit). */
export const asksForCredential = (tags: readonly (readonly string[])[]): boolean =>
  tags.find(([name, param]) => name === 'param' && param === 'credential')?.[2] === 'enclose'

/** By the key that signed the job: nobody else's credit is ever looked at. */
export function creditOf({ store, upstreams }: StepContext, { customer, call }: Failing | Publishing): Credit | null {
  const upstream = call && upstreams.get(call.upstream)?.settings
  return upstream?.reuseCredit ? (store.credit(customer, upstream.name) ?? null) : null
}

export const publicUrlOf = ({ upstreams }: StepContext, upstream: string): string | null =>
  upstreams.get(upstream)?.settings.publicUrl ?? null

interface Bought {
  readonly id: EventId
  readonly call: UpstreamCall
  readonly offer: Offer
  readonly secrets: PaidSecrets
}

function ownOf(context: StepContext, { id, call, offer, secrets }: Bought): Handover {
  return {
    jobId: id,
    url: publicUrlOf(context, call.upstream),
    method: call.method,
    target: call.target,
    scheme: offer.scheme,
    token: secrets.token,
    key: secrets.key,
    paymentHash: offer.purchase?.paymentHash ?? offer.paymentHash,
  }
}

function creditOfUnknown(context: StepContext, job: Failing): Handover | null {
  const credit = job.failure.code === 'outcome-unknown' ? creditOf(context, job) : null
  return credit && leftOf(context, job, credit)
}

function leftOf(context: StepContext, { id, call }: Failing | Publishing, credit: Credit): Handover | null {
  const parts = parseAuthorization(credit.authorization)
  if (!parts || !call) return null
  const committed = macaroonPaymentHash(parts.token)
  const paymentHash = isMalformed(committed) ? null : committed
  const { method, target } = call
  const url = publicUrlOf(context, credit.upstream)
  return { jobId: id, url, method, target, ...parts, paymentHash, creditSats: credit.balanceSats }
}

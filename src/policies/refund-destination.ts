/** May money go back where the customer says? By its form alone; a wallet connection is a secret, and must have come sealed. */
import type { Channel } from '../core/arrival.js'
import { rejection, type Rejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import type { JobRequest } from '../core/job-request.js'
import { parseRefundDestination } from '../core/refund.js'

export function objectionToRefund({ refundTo }: JobRequest, channel: Channel | null): Rejection | null {
  if (refundTo === undefined) return null
  const destination = parseRefundDestination(refundTo)
  if (isMalformed(destination)) return rejection('invalid-request', destination.malformed)
  if (destination.type !== 'wallet' || channel !== null) return null
  return rejection('encryption-required', 'a wallet connection to refund to came in the open')
}

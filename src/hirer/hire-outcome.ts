/** How did a hire end, or how does it stand when this run ends? The outcomes that the command turns into exit codes. */
import type { EventId } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { RequestOutcome } from '../customer/request-outcome.js'

export type HireOutcome =
  | {
      readonly type: 'result'
      readonly jobId: EventId
      readonly resultId: EventId
      readonly content: string
      readonly encoding: 'text' | 'base64'
      readonly body: Uint8Array
      /** Of the body, in hex. */
      readonly sha256: string
      readonly contentType: string | null
      readonly httpStatus: number | null
      /** What was paid for it; 0 where nothing was. */
      readonly amountMsat: Msat
      /** False: no relay took the acknowledgement yet. It is sent when the hire is taken up again. */
      readonly acknowledged: boolean
    }
  /** One of our own rules forbids to pay it. */
  | { readonly type: 'not-payable'; readonly code: string; readonly message: string }
  /** What may end any request ends a hire alike. */
  | Exclude<RequestOutcome, { type: 'result' | 'not-payable' }>

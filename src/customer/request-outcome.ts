/** How did a request end? The outcomes that the command turns into exit codes. */
import type { EventId } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { JobResult } from '../nostr/kinds/job-result.js'
import type { OfferRefusalCode } from './offer.js'

export type RequestOutcome =
  | {
      readonly type: 'result'
      readonly resultId: EventId
      /** The output as published (or decrypted); base64 where `encoding` says so. */
      readonly content: string
      readonly encoding: JobResult['encoding']
      readonly body: Uint8Array
      readonly contentType: string | null
      readonly httpStatus: number | null
      readonly amountMsat: Msat | null
    }
  /** The provider refused or failed. `code` is null where the provider gives free text only. */
  | {
      readonly type: 'error'
      readonly code: string | null
      readonly message: string
      readonly payment: 'none' | 'paid' | 'unknown'
      /** Where the credential that the provider handed over is kept; null where there was none. */
      readonly credentialFile: string | null
    }
  /** The result came, and the servers to which it leads do not give the output. It can be fetched later: take the job up again. */
  | {
      readonly type: 'unfetched'
      readonly resultId: EventId
      readonly urls: readonly string[]
      readonly message: string
    }
  | { readonly type: 'not-payable'; readonly code: OfferRefusalCode; readonly message: string }
  | { readonly type: 'payment-refused'; readonly message: string }
  | { readonly type: 'payment-unknown'; readonly message: string }
  | {
      readonly type: 'timeout'
      readonly waitingFor: 'relay' | 'offer' | 'payment' | 'result'
      readonly message: string
    }
  /** The caller's signal. What was started is on disk: the job can be taken up again. */
  | { readonly type: 'stopped' }

/** What happens to a request, in the order it happens? The one source of the words that the command and the demo print. */
import type { EventId, Millis, PaymentHash, Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { JobResult } from '../nostr/kinds/job-result.js'

/** Texts that came from others are already free of control characters, and bounded. No secret is ever in here. */
export type StoryEvent =
  /** A new job: signed, saved, and not yet published. */
  | { readonly type: 'signed'; readonly jobId: EventId; readonly provider: Pubkey }
  /** One relay has taken the job. */
  | { readonly type: 'published'; readonly jobId: EventId; readonly provider: Pubkey; readonly relay: string }
  /** One relay has not taken an event, for good or for now. */
  | { readonly type: 'unpublished'; readonly relay: string; readonly reason: string; readonly final: boolean }
  /** A job of an earlier run is taken up; nothing is published anew. */
  | { readonly type: 'resumed'; readonly jobId: EventId; readonly provider: Pubkey; readonly payment: PaymentStanding }
  /** `bolt11` is null where a provider asks for money in some other way; otherwise the invoice passed every rule. */
  | {
      readonly type: 'offered'
      readonly amountMsat: Msat | null
      readonly bolt11: string | null
      readonly paymentHash: PaymentHash | null
      readonly expiresAt: Millis | null
    }
  /** The intent is saved; the wallet is asked now. */
  | { readonly type: 'paying'; readonly paymentHash: PaymentHash; readonly amountMsat: Msat }
  | {
      readonly type: 'paid'
      readonly paymentHash: PaymentHash
      readonly amountMsat: Msat
      readonly feesMsat: Msat | null
    }
  /** The wallet's answer leaves it open whether money moved. It is looked up, never paid again. */
  | { readonly type: 'payment-unknown'; readonly reason: string }
  /** One relay has taken the payment proof. */
  | { readonly type: 'proved'; readonly relay: string }
  | { readonly type: 'processing'; readonly status: string; readonly message: string | null }
  /** A piece of an answer that is still coming. `attempt` tells pieces of one call from those of another that began anew. */
  | { readonly type: 'partial'; readonly seq: number | null; readonly attempt: number | null; readonly text: string }
  /** The output lies in a blob. */
  | { readonly type: 'downloading'; readonly servers: number; readonly bytes: number }
  | {
      readonly type: 'result'
      readonly resultId: EventId
      readonly httpStatus: number | null
      readonly contentType: string | null
      readonly encoding: JobResult['encoding']
      readonly amountMsat: Msat | null
      readonly bytes: number
    }
  | { readonly type: 'error'; readonly code: string | null; readonly message: string }
  /** An answer that was not believed or not followed, and why. */
  | { readonly type: 'ignored'; readonly code: string; readonly message: string }

/** What the journal knows of the payment when a job is taken up again. */
export type PaymentStanding = 'none' | 'intended' | 'paid' | 'refused' | 'unknown'

/** `sinceStartMs` counts from the moment this run began. */
export type StoryLine = StoryEvent & { readonly at: Millis; readonly sinceStartMs: number }

export type Tell = (event: StoryEvent) => void

const LONGEST_TEXT = 400
/** Of a piece of an answer, which keeps its lines. */
const LONGEST_PIECE = 65_536

const WILD = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g

/** Makes a stranger's text fit for a terminal: no control characters, no bidirectional overrides, bounded. */
export const tame = (text: string): string => text.replace(WILD, ' ').slice(0, LONGEST_TEXT)

/** The same of a text that keeps its lines. */
export const tameText = (text: string): string =>
  text.slice(0, LONGEST_PIECE).replace(/[^\n\t]+/g, (line) => line.replace(WILD, ' '))

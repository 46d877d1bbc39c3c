/** Is this event an answer to our job? Believed only with the addressed provider's signature (NIP-90 §Job feedback, §Job result). */
import { tagValue, type NostrEvent } from '../core/event.js'
import { isMalformed, malformed, type EventId, type Malformed, type Pubkey } from '../core/identifiers.js'
import { parseEvent, verifyEvent } from '../nostr/event.js'
import { schemeOf } from '../nostr/encryption.js'
import { openAnswer } from '../nostr/kinds/private-tags.js'
import type { Signer } from '../ports.js'
import { JOB_FEEDBACK_KIND, parseJobFeedback, type JobFeedback } from '../nostr/kinds/job-feedback.js'
import { parseJobResult, type JobResult } from '../nostr/kinds/job-result.js'

export interface ExpectedAnswer {
  readonly jobId: EventId
  readonly provider: Pubkey
  readonly customer: Pubkey
  readonly resultKind: number
}

export type Answer =
  | { readonly type: 'feedback'; readonly event: NostrEvent; readonly feedback: JobFeedback }
  | { readonly type: 'result'; readonly event: NostrEvent; readonly result: JobResult }

/** Takes whatever a relay sent. The cheap checks come first; the signature is checked before a word is believed. */
export function parseAnswer(value: unknown, expected: ExpectedAnswer): Answer | Malformed {
  const event = verifyAnswer(value, expected)
  return isMalformed(event) ? event : readAnswer(event)
}

/** The event, proven to be the addressed provider's word on our job; what it says is not read yet. */
export function verifyAnswer(value: unknown, expected: ExpectedAnswer): NostrEvent | Malformed {
  const event = parseEvent(value)
  if (isMalformed(event)) return event
  if (event.pubkey !== expected.provider) return malformed('the answer is not by the provider that was asked')
  if (tagValue(event, 'e') !== expected.jobId) return malformed('the answer is about another job')
  if (tagValue(event, 'p') !== expected.customer) return malformed('the answer is for another customer')
  if (event.kind !== JOB_FEEDBACK_KIND && event.kind !== expected.resultKind) return malformed('not a kind of answer')
  return verifyEvent(event) ? event : malformed('the id or the signature of the answer is wrong')
}

/**
 * An answer that was encrypted as a whole, as it would read in the open. One that cannot be opened is left as it is, and so is an error in
 * the open that holds a sealed credential. `event` is proven.
 */
export async function openSealedAnswer(event: NostrEvent, signer: Pick<Signer, 'decrypt'>): Promise<NostrEvent> {
  const isSealed = hasTag(event, 'encrypted') && !(event.kind === JOB_FEEDBACK_KIND && hasTag(event, 'status'))
  if (!isSealed) return event
  const plaintext = await signer.decrypt(event.pubkey, event.content, schemeOf(event.content)).catch(() => null)
  const opened = plaintext === null ? event : openAnswer(event, plaintext)
  return isMalformed(opened) ? event : opened
}

const hasTag = ({ tags }: NostrEvent, wanted: string): boolean => tags.some(([name]) => name === wanted)

/** What a proven answer says. */
export function readAnswer(event: NostrEvent): Answer | Malformed {
  if (event.kind === JOB_FEEDBACK_KIND) {
    const feedback = parseJobFeedback(event)
    return isMalformed(feedback) ? feedback : { type: 'feedback', event, feedback }
  }
  const result = parseJobResult(event)
  return isMalformed(result) ? result : { type: 'result', event, result }
}

/** The bytes of an output. Node's decoder skips what is not base64, so the alphabet is checked first. */
export function decodeOutput(content: string, encoding: JobResult['encoding']): Uint8Array | Malformed {
  if (encoding === 'text') return Buffer.from(content, 'utf8')
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(content))
    return malformed('the output is not the base64 that it claims to be')
  return Buffer.from(content, 'base64')
}

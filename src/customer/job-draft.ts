/** Which job is it? A new one, signed and saved before anybody hears of it, or one of an earlier run. */
import { withOpenedTags, type EncryptionScheme } from '../core/arrival.js'
import { TollbridgeError } from '../core/errors.js'
import type { EventTemplate, Rumor } from '../core/event.js'
import { isMalformed, type EventId, type Pubkey } from '../core/identifiers.js'
import type { JobRequest } from '../core/job-request.js'
import type { Msat } from '../core/money.js'
import { MAX_PLAINTEXT_BYTES, schemeOf } from '../nostr/encryption.js'
import { buildJobRequest, parseJobRequest } from '../nostr/kinds/job-request.js'
import { encloseJob, parsePrivateTags } from '../nostr/kinds/private-tags.js'
import type { Clock, Signer } from '../ports.js'
import type { PaymentJournal, SavedJob } from './payment-journal.js'

export type WantedJob =
  | {
      readonly type: 'new'
      readonly provider: Pubkey
      /** Where the job is published and its answers are read. */
      readonly relays: readonly string[]
      /** `method`, `path` and so on, in the order in which they are to stand. */
      readonly params: Readonly<Record<string, string>>
      readonly bidMsat: Msat | null
      /** Promises the payment proof. */
      readonly proof: boolean
      /** What is asked is for the provider's eyes only. */
      readonly encrypt?: EncryptionScheme
    }
  | {
      readonly type: 'saved'
      readonly id: EventId
      /** Read besides the relays that the job was published to. */
      readonly relays: readonly string[]
      /** Where given, the job must be this provider's. */
      readonly provider: Pubkey | null
    }

export interface Job extends SavedJob {
  readonly request: JobRequest
}

/** @throws TollbridgeError `usage` where the saved job cannot be taken up. */
export async function openJob(wanted: WantedJob, signer: Signer, journal: PaymentJournal, clock: Clock): Promise<Job> {
  const saved = wanted.type === 'new' ? await draftJob(wanted, signer, clock) : await journal.job(wanted.id)
  if (saved === null) throw new TollbridgeError('usage', 'no job of that id is saved in the state directory')
  const request = parseJobRequest(await asWritten(saved, signer))
  if (isMalformed(request)) throw new TollbridgeError('usage', `the job is unreadable: ${request.malformed}`)
  if (request.customer !== signer.pubkey) throw new TollbridgeError('usage', 'the job was signed with another key')
  if (wanted.type === 'saved') {
    if (wanted.provider !== null && wanted.provider !== saved.provider) {
      throw new TollbridgeError('usage', 'the job was addressed to another provider')
    }
    return { ...saved, relays: [...new Set([...saved.relays, ...wanted.relays])], request }
  }
  // ORDER: saved before it is published: a job that is out and unknown to us could be paid for, and never taken up again.
  await journal.saveJob(saved)
  return { ...saved, request }
}

async function draftJob(wanted: Extract<WantedJob, { type: 'new' }>, signer: Signer, clock: Clock): Promise<SavedJob> {
  const { provider, relays, bidMsat } = wanted
  const params = wanted.proof ? { ...wanted.params, settlement: 'proof' } : wanted.params
  const createdAt = Math.floor(clock.now() / 1000)
  const draft = buildJobRequest({ provider, params, bidMsat, relays, expiresAt: null, createdAt })
  return { event: await signer.sign(await sealed(draft, wanted, signer)), provider, relays }
}

async function sealed(
  draft: EventTemplate,
  { provider, encrypt }: Extract<WantedJob, { type: 'new' }>,
  signer: Signer,
): Promise<EventTemplate> {
  if (encrypt === undefined) return draft
  const { plaintext, outside } = encloseJob(draft)
  if (Buffer.byteLength(plaintext) > MAX_PLAINTEXT_BYTES) {
    throw new TollbridgeError('usage', `a job of more than ${MAX_PLAINTEXT_BYTES} bytes cannot be encrypted`)
  }
  return { ...outside, content: await signer.encrypt(provider, plaintext, encrypt) }
}

/** Whoever encrypted a job can open it: one key of two is enough. */
async function asWritten({ event, provider }: SavedJob, signer: Signer): Promise<Rumor> {
  if (event.pubkey !== signer.pubkey || !event.tags.some(([name]) => name === 'encrypted')) return event
  const plaintext = await signer.decrypt(provider, event.content, schemeOf(event.content)).catch(() => '')
  const tags = parsePrivateTags(plaintext)
  if (isMalformed(tags)) throw new TollbridgeError('usage', `the job is unreadable: ${tags.malformed}`)
  return withOpenedTags(event, tags)
}

/** What does lowdb hold? One map of records by key; how each is written as JSON, with its secrets sealed. */
import type { EventId, PaymentHash } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import type { Credit } from '../ports.js'
import type { Sealing } from './sealing.js'

/** `job:` a Job · `credit:` a Credit · `cursor:` seconds · `claim:` the job that once had that payment hash · `seen:` a count. */
export type StoredRecord = Job | Credit | EventId | number
export type Records = Map<string, StoredRecord>

export const jobKey = (id: string): string => `job:${id}`
export const creditKey = (customer: string, upstream: string): string => `credit:${customer}:${upstream}`
export const cursorKey = (name: string): string => `cursor:${name}`
export const claimKey = (hash: string): string => `claim:${hash}`
/** How many entries the index of the archive had when the last job left: fewer on disk means that it was cut short. */
export const SEEN_COUNT = 'seen:count'

export function* jobsOf(records: Records): Iterable<Job> {
  for (const [key, record] of records) if (key.startsWith('job:')) yield record as Job
}

/** Payment hashes that a job gave up while it was live, as [hash, job]. */
export function* claimsOf(records: Records): Iterable<[PaymentHash, EventId]> {
  for (const [key, record] of records) {
    if (key.startsWith('claim:')) yield [key.slice('claim:'.length) as PaymentHash, record as EventId]
  }
}

export interface RecordCodec {
  encode(key: string, record: StoredRecord): string
  /** Takes over the parsed value. @throws where the secrets cannot be opened. */
  decode(key: string, parsed: unknown): StoredRecord
}

interface Sealed {
  sealed?: string
}

export function createRecordCodec(sealing: Sealing): RecordCodec {
  const sealOnce = createSealOnce(sealing)
  return {
    encode(key, record) {
      if (key.startsWith('job:')) return JSON.stringify(sealJob(sealing, sealOnce, key, record as Job))
      if (key.startsWith('credit:')) return JSON.stringify(sealCredit(sealing, key, record as Credit))
      return JSON.stringify(record)
    },
    decode(key, parsed) {
      const record = parsed as StoredRecord & Sealed
      if (typeof record !== 'object' || record.sealed === undefined) return record
      const hidden = JSON.parse(sealing.unseal(record.sealed, key)) as object
      delete record.sealed // the last property: the object keeps its fast shape
      return Object.assign(record, hidden)
    },
  }
}

const SEALED = '(sealed)'

/** Reads without the key: what is sealed is said to be so. */
export const sealedCodec: Pick<RecordCodec, 'decode'> = {
  decode(_key, parsed) {
    const record = parsed as StoredRecord & Sealed
    if (typeof record !== 'object' || record.sealed === undefined) return record
    delete record.sealed
    if (!('state' in record)) return Object.assign(record, { authorization: SEALED })
    if (!('offer' in record)) return record
    const key = 'payment' in record ? { key: { kind: 'preimage', value: SEALED } } : {}
    return Object.assign(record, { secrets: { token: SEALED, statusUrl: null, ...key } })
  },
}

type SealOnce = (hidden: object, owner: string, text: () => string) => string

/** A job is written many times with the same secrets: what was sealed for it serves again, for as long as they live. */
function createSealOnce(sealing: Sealing): SealOnce {
  const kept = new WeakMap<object, { readonly owner: string; readonly sealed: string }>()
  return (hidden, owner, text) => {
    const known = kept.get(hidden)
    if (known?.owner === owner) return known.sealed
    const sealed = sealing.seal(text(), owner)
    kept.set(hidden, { owner, sealed })
    return sealed
  }
}

/** Where its money goes back to may be a wallet: that is sealed, too, and with it what the customer had sealed to us. */
function sealRefundable(sealing: Sealing, key: string, job: Job): object {
  const { refundTo, channel, request, ...rest } = job
  const { secrets, challenge } = rest as { secrets?: object; challenge?: object }
  const sealed = sealing.seal(JSON.stringify({ secrets, challenge, refundTo, channel, request }), key)
  const outside = channel?.type === 'encrypted' ? { ...channel, tags: [] } : channel
  return { ...rest, request: '', channel: outside, secrets: undefined, challenge: undefined, sealed }
}

function sealJob(sealing: Sealing, sealOnce: SealOnce, key: string, job: Job): object {
  // A challenge holds the token before there are `secrets`: a job has one of them or neither.
  const challenge = 'challenge' in job ? job.challenge : undefined
  const secrets = 'secrets' in job ? job.secrets : undefined
  const hidden = secrets ?? challenge
  if (job.refundTo !== undefined) return sealRefundable(sealing, key, job)
  if (hidden === undefined) return job
  const sealed = sealOnce(hidden, key, () => JSON.stringify({ secrets, challenge }))
  return { ...job, secrets: undefined, challenge: undefined, sealed }
}

function sealCredit(sealing: Sealing, key: string, credit: Credit): object {
  const sealed = sealing.seal(JSON.stringify({ authorization: credit.authorization }), key)
  return { ...credit, authorization: undefined, sealed }
}

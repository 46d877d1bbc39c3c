/** Whose job is it? Signed job requests and other events of customers who are known by a number. */
import { createHash } from 'node:crypto'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import type { Pubkey } from '../../src/core/identifiers.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'

export const PROVIDER_KEY = Buffer.alloc(32, 7)
export const PROVIDER: Pubkey = pubkeyOf(PROVIDER_KEY)

const keyOf = (customer: number): Buffer => createHash('sha256').update(`customer ${customer}`).digest()
const ENTROPY = Buffer.alloc(32, 1)

export const customerKey = (customer = 1): Buffer => keyOf(customer)
export const customerPubkey = (customer = 1): Pubkey => pubkeyOf(keyOf(customer))

/** Seconds, as `createFakeClock` begins. */
export const NOW_S = 1_800_000_000

export function signAs(customer: number, template: Partial<EventTemplate>): NostrEvent {
  const key = keyOf(customer)
  const whole = { kind: 5800, created_at: NOW_S, content: '', tags: [], ...template }
  return signEvent(whole, key, pubkeyOf(key), ENTROPY)
}

/** A job for `GET /joke` unless the tags say otherwise. Different numbers make different ids. */
export function signJob(
  changes: {
    readonly customer?: number
    readonly number?: number
    readonly tags?: readonly (readonly string[])[]
    readonly createdAt?: number
    readonly content?: string
  } = {},
): NostrEvent {
  const { customer = 1, number = 0, createdAt = NOW_S, content = '' } = changes
  const usual = [
    ['p', PROVIDER],
    ['param', 'method', 'GET'],
    ['param', 'path', '/joke'],
    ...(number === 0 ? [] : [['param', 'query', `n=${number}`]]),
  ]
  return signAs(customer, { created_at: createdAt, tags: changes.tags ?? usual, content })
}

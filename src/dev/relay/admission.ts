/** Is this event taken, and what is its sender told? (NIP-01 §From relay to client, NIP-40, NIP-42, NIP-70) */
import type { NostrEvent } from '../../core/event.js'
import type { Pubkey, Seconds } from '../../core/identifiers.js'
import { verifyEvent } from '../../nostr/event.js'
import { AUTH_KIND } from './authentication.js'
import { isExpired, type EventStore } from './event-store.js'
import { objectionToSize, type EventLimits } from './limits.js'
import type { SubscriptionIndex } from './subscription-index.js'

export interface Verdict {
  readonly ok: boolean
  /** Empty, or with a prefix of NIP-01: `duplicate:`, `invalid:`, `blocked:`, `rate-limited:`, `auth-required:`, `error:`. */
  readonly reason: string
}

/**
 * Answers in the relay's place; undefined leaves the answer to the relay. An event answered here is neither stored nor
 * delivered, so `{ ok: true, reason: '' }` is a relay that lies. Connections are numbered from 1.
 */
export type AnswerHook = (event: NostrEvent, fromConnection: number) => Verdict | undefined

export interface AdmissionRules extends EventLimits {
  readonly auth: boolean
  readonly verify: boolean
  readonly now: () => Seconds
  readonly answer: () => AnswerHook | undefined
  /** Called for each event that was new and is stored now. */
  readonly onStored: () => void
}

export interface Publisher {
  readonly number: number
  readonly pubkeys: ReadonlySet<Pubkey>
}

const TAKEN: Verdict = { ok: true, reason: '' }
const refuse = (reason: string): Verdict => ({ ok: false, reason })

/** Stores the event and delivers it before the verdict is returned, so that an OK proves that delivery has begun. */
export function createAdmission(store: EventStore, subscriptions: SubscriptionIndex, rules: AdmissionRules) {
  function objection(event: NostrEvent, json: string, { number, pubkeys }: Publisher): Verdict | undefined {
    const answer = rules.answer()?.(event, number)
    if (answer) return answer
    if (rules.auth && pubkeys.size === 0) return refuse('auth-required: authenticate to publish')
    if (event.kind === AUTH_KIND) return refuse('invalid: an authentication is sent as AUTH')
    const oversize = objectionToSize(event, json, rules)
    if (oversize) return refuse(oversize)
    if (isExpired(event, rules.now())) return refuse('invalid: event has expired')
    if (store.has(event.id)) return { ok: true, reason: 'duplicate: already have this event' }
    if (rules.verify && !verifyEvent(event)) return refuse('invalid: the id or the signature is wrong')
    const isProtected = event.tags.some(([name]) => name === '-')
    if (isProtected && !pubkeys.has(event.pubkey))
      return refuse('auth-required: only its author may publish this event')
    return undefined
  }

  return (event: NostrEvent, publisher: Publisher): Verdict => {
    const json = JSON.stringify(event)
    const objected = objection(event, json, publisher)
    if (objected) return objected
    const refusal = store.put({ event, json })
    if (refusal !== null) return refuse(refusal)
    if (store.has(event.id)) rules.onStored()
    for (const subscription of subscriptions.matching(event))
      if (subscription.mayRead(event)) subscription.deliver(json)
    return TAKEN
  }
}

export type Admission = ReturnType<typeof createAdmission>

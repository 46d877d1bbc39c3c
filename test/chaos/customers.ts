/** What do the customers do? They ask on every relay, pay what they are asked once, and keep count of what they are told. */
import { tagValue, type EventTemplate, type NostrEvent } from '../../src/core/event.js'
import { isMalformed, type EventId, type Pubkey } from '../../src/core/identifiers.js'
import { decodeInvoice } from '../../src/l402/invoice.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { parseJobFeedback } from '../../src/nostr/kinds/job-feedback.js'
import type { Agenda } from '../crash/model/agenda.js'
import type { Api } from './api.js'
import type { Chance } from './chance.js'
import type { ChaosRelay } from './relay.js'

const CUSTOMERS = 200
const ENTROPY = Buffer.alloc(32, 9)
const RESULT_KIND = 6800
const FEEDBACK_KIND = 7000
const REPEAT_MS = 20_000
/** Wrong clocks of customers, in seconds. */
const SKEW_S = 60

export interface AskedJob {
  readonly id: EventId
  readonly target: string
  readonly isFree: boolean
  /** Some relay has it. */
  held: boolean
  paidAt: number | null
  readonly offers: Set<string>
  readonly results: Set<string>
  readonly errors: Set<string>
}

export interface Customers {
  readonly jobs: ReadonlyMap<EventId, AskedJob>
  ask(): void
  /** An event that can be read somewhere. */
  see(this: void, event: NostrEvent): void
}

export function createCustomers(world: {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly api: Api
  readonly relays: () => readonly ChaosRelay[]
  readonly provider: Pubkey
}): Customers {
  const { agenda, chance, api, provider } = world
  const keys = Array.from({ length: CUSTOMERS }, (_, number) =>
    Buffer.alloc(32, 1 + (number % 250)).fill(2 + Math.floor(number / 250), 0, 4),
  )
  const people = keys.map((key) => ({ key, pubkey: pubkeyOf(key) }))
  const jobs = new Map<EventId, AskedJob>()
  const seen = new Set<string>()

  function ask(): void {
    const person = chance.oneOf(people)
    const isFree = chance.of(35)
    const target = `/${isFree ? 'free' : 'paid'}/${jobs.size}`
    const template: EventTemplate = {
      kind: 5800,
      created_at: Math.floor(agenda.now() / 1000) + chance.between(-SKEW_S, SKEW_S),
      tags: [
        ['p', provider],
        ['param', 'method', 'GET'],
        ['param', 'path', target],
      ],
      content: '',
    }
    const event = signEvent(template, person.key, person.pubkey, ENTROPY)
    const job = {
      id: event.id,
      target,
      isFree,
      held: false,
      paidAt: null,
      offers: new Set<string>(),
      results: new Set<string>(),
      errors: new Set<string>(),
    }
    jobs.set(event.id, job)
    // One in three knows the good relay alone.
    publish(event, job, chance.of(33) ? world.relays().slice(0, 1) : world.relays())
  }

  /** To every relay, again and again to those that did not take it, until most relays have had their chance. */
  function publish(event: NostrEvent, job: AskedJob, relays: readonly ChaosRelay[], round = 0): void {
    const left = relays.filter((relay) => !relay.take(event))
    job.held ||= relays.some((relay) => relay.has(event.id))
    if (left.length === 0 || (job.held && round > 3)) return
    agenda.after(REPEAT_MS, () => publish(event, job, left, round + 1))
  }

  function consider(event: NostrEvent, job: AskedJob): void {
    const feedback = parseJobFeedback(event)
    if (isMalformed(feedback)) return
    if (feedback.status === 'error') job.errors.add(event.id)
    if (feedback.bolt11 === null) return
    job.offers.add(event.id)
    const invoice = decodeInvoice(feedback.bolt11)
    // One in ten never pays.
    if (isMalformed(invoice) || job.paidAt !== null || chance.of(10)) return
    agenda.after(chance.between(500, 120_000), () => {
      // Every invoice is paid, also a second one for one job: a customer that trusts its provider.
      if (api.pay(invoice.paymentHash)) job.paidAt ??= agenda.now()
    })
  }

  return {
    jobs,
    ask,
    see(event) {
      if (seen.has(event.id) || event.pubkey !== provider) return
      seen.add(event.id)
      const job = jobs.get((tagValue(event, 'e') ?? '') as EventId)
      if (!job) return
      if (event.kind === RESULT_KIND) job.results.add(event.id)
      if (event.kind === FEEDBACK_KIND) consider(event, job)
    },
  }
}

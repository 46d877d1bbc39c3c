/** Is this event a job for us, and do we take it? From a relay's word to an admitted job, or to a refusal that is said once. */
import type { Arrival } from '../core/arrival.js'
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import { tagValue, type NostrEvent, type Rumor } from '../core/event.js'
import { isMalformed, type Millis, type Pubkey } from '../core/identifiers.js'
import { NO_CALLS, type Delivery, type Failing, type Job, type UpstreamCall } from '../core/job.js'
import type { JobRequest } from '../core/job-request.js'
import { failureOf } from '../core/transition-end.js'
import { verifyEvent } from '../nostr/event.js'
import { parseJobRequest } from '../nostr/kinds/job-request.js'
import { applyPolicies } from '../policies/admission.js'
import type { RateLimit } from '../policies/rate.js'
import { objectionToRefund } from '../policies/refund-destination.js'
import { admissibleRelays, type ReplyRelayRules } from '../policies/reply-relays.js'
import type { Clock, JobHandler, JobStore, Logger, Policy, Seen, Vetting } from '../ports.js'
import type { Drive } from './drive.js'
import { createRecentIds } from './recent-ids.js'
import { translateJob } from './routing.js'
import type { Screen } from './screen.js'
import { detailFor } from './transition-log.js'

export const INTAKE_COUNTS = [
  'admitted',
  'refused',
  'refusedSilently',
  'duplicate',
  'foreign',
  'stale',
  'expired',
  'forged',
  'ignored',
] as const
export type IntakeCount = (typeof INTAKE_COUNTS)[number]

export interface Intake {
  /** An event as a relay sent it; its shape is known, nothing else. */
  receive(event: NostrEvent, relay: string): void
  /** A job that came sealed: its author is proven, and that it was meant for us. With an objection it is refused. */
  arrive(arrival: Arrival, objection?: Rejection | null): void
  /** True for an id that needs no second look. */
  knows(id: string): boolean
  readonly counts: Readonly<Record<IntakeCount, number>>
}

/** What was sealed is not kept of a job that is refused. */
const withoutTags = (channel: Arrival['channel']) =>
  channel?.type === 'encrypted' ? { channel: { ...channel, tags: [] } } : {}

/** A longer request would not fit into any result. */
const MAX_JOB_BYTES = 262_144

export function createIntake(wiring: {
  readonly self: string
  readonly run: string
  readonly handlers: ReadonlyMap<number, JobHandler>
  /** Opens what is encrypted to us, after it was verified. */
  readonly open: (event: NostrEvent, heardOn: string) => Promise<Arrival | Rejection>
  /** Why a job is not taken that came in the open, or sealed; null where it may be. */
  readonly objections: { readonly open: Rejection | null; readonly sealed: Rejection | null }
  readonly route: (request: JobRequest, handler: JobHandler) => UpstreamCall | Rejection
  /** Whether inputs are to be gathered first; a refusal where that could not end well. Default: none ever are. */
  readonly gathers?: (request: JobRequest) => boolean | Rejection
  /** What is worth a signature check. Default: everything that is for us. */
  readonly screen?: Screen
  readonly vettings: readonly Vetting[]
  readonly policies: readonly Policy[]
  readonly seen: (request: JobRequest) => Seen
  /** Told of each author whose job is looked at: there will be an answer. */
  readonly expect?: (customer: Pubkey) => void
  readonly refusals: RateLimit
  readonly replyRelays: ReplyRelayRules
  readonly maxAgeMs: Millis
  readonly maxAheadMs: Millis
  readonly store: JobStore
  readonly drive: Drive
  /** Says a refusal without storing it. */
  readonly sayUnrecorded: (job: Failing) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}): Intake {
  const { store, drive, clock, log } = wiring
  const counts = Object.fromEntries(INTAKE_COUNTS.map((name) => [name, 0])) as Record<IntakeCount, number>
  /** Verified ids of this run: those in the store, those on their way there, and those whose refusal was not said. */
  const recent = createRecentIds(200_000)
  const knows = (id: string): boolean => recent.has(id) || store.has(id)

  /** Counted and never answered: it is not for us, or not fresh. Cheapest questions first. */
  function dismissal(rumor: Rumor, now: Millis, window: NonNullable<Arrival['window']> = wiring): IntakeCount | null {
    if (!wiring.handlers.has(rumor.kind)) return 'foreign'
    const age = now - rumor.created_at * 1000
    if (age > window.maxAgeMs || age < -window.maxAheadMs) return 'stale'
    const expiration = Number(tagValue(rumor, 'expiration') ?? Number.POSITIVE_INFINITY)
    return expiration * 1000 > now ? null : 'expired' // NIP-40; what is no number counts as past
  }

  /** False where it was counted and is done with. `flaw` is asked last: it costs most. */
  function isWanted(rumor: Rumor, isForeign: () => boolean, flaw: () => IntakeCount | null): boolean {
    const now = clock.now()
    const dismissed = knows(rumor.id) ? 'duplicate' : isForeign() ? 'foreign' : (dismissal(rumor, now) ?? flaw())
    if (dismissed) counts[dismissed] += 1
    return dismissed === null
  }

  function flawOf(event: NostrEvent, relay: string): IntakeCount | null {
    const dismissed = wiring.screen?.dismiss(event, relay) ?? null
    if (dismissed || verifyEvent(event)) return dismissed
    wiring.screen?.forged(relay)
    return 'forged'
  }

  function receive(event: NostrEvent, relay: string): void {
    const isForeign = () => !event.tags.some(([name, value]) => name === 'p' && value === wiring.self)
    if (!isWanted(event, isForeign, () => flawOf(event, relay))) return
    const inTheOpen: Arrival = { rumor: event, json: JSON.stringify(event), channel: null, heardOn: relay }
    if (!event.tags.some(([name]) => name === 'encrypted'))
      return begin(inTheOpen, take(inTheOpen, wiring.objections.open))
    begin(
      inTheOpen,
      wiring.open(event, relay).then((opened) => (isRejection(opened) ? take(inTheOpen, opened) : take(opened))),
    )
  }

  function begin({ rumor }: Arrival, taking: Promise<void>): void {
    // Only now: a forged copy must not keep the real event out.
    recent.add(rumor.id)
    taking.catch((error: unknown) => {
      recent.delete(rumor.id)
      log.error({ job: rumor.id, reason: error instanceof Error ? error.message : 'unknown' }, 'job not taken')
    })
  }

  async function take(arrival: Arrival, objection: Rejection | null = null): Promise<void> {
    const { rumor, json, channel, heardOn } = arrival
    wiring.expect?.(rumor.pubkey)
    const now = clock.now()
    const request = parseJobRequest(rumor)
    const facts = {
      id: rumor.id,
      kind: rumor.kind,
      customer: rumor.pubkey,
      version: 1,
      receivedAt: now,
      updatedAt: now,
      bidMsat: isMalformed(request) ? null : request.bidMsat,
      replyRelays: isMalformed(request) ? [] : admissibleRelays(request.relays, wiring.replyRelays),
      ...(channel === null ? {} : { channel }),
      heardOn,
      proofPromised: !isMalformed(request) && request.proofPromised,
      outbox: [] as readonly Delivery[],
    }
    const objected =
      objection ?? (isMalformed(request) ? null : (objectionToRefund(request, channel) ?? (await vet(request, json))))
    const asksFirst = arrival.accept && !objected && !isMalformed(request)
    const accepted = asksFirst ? await arrival.accept({ ...facts, request: json }) : null
    // ORDER: counted with nothing to wait for until the job is counted itself: of many that arrive together none slips past.
    const verdict = isMalformed(request)
      ? (objected ?? rejection(request.code, request.malformed))
      : (objected ?? (isRejection(accepted) ? accepted : translate(request)))
    if (isRejection(verdict)) {
      const failure = failureOf(verdict)
      // Recorded without the request that is refused: only its id counts.
      return refuse({ ...facts, ...withoutTags(channel), state: 'failing', request: '', call: null, failure })
    }
    // ORDER: the first call is announced by the same save that makes the job known.
    const calls = { ...NO_CALLS, attempt: { run: wiring.run }, tries: 1 }
    const outbox = accepted && !isRejection(accepted) ? [accepted] : []
    const { refundTo } = request as JobRequest
    const kept = { ...facts, ...(refundTo === undefined ? {} : { refundTo }), outbox, request: json }
    const job: Job = verdict
      ? { ...kept, state: 'quoting', call: verdict, calls }
      : { ...kept, state: 'gathering', call: null }
    const inserted = await drive.admit(job)
    counts[inserted === 'inserted' ? 'admitted' : 'duplicate'] += 1
  }

  async function vet(request: JobRequest, json: string): Promise<Rejection | null> {
    if (json.length > MAX_JOB_BYTES) return rejection('body-too-large')
    for (const vetting of wiring.vettings) {
      const objection = await vetting(request)
      if (objection) return objection
    }
    return null
  }

  function translate(request: JobRequest): UpstreamCall | Rejection | null {
    // Which call it makes is known only when its inputs are there.
    const gathers = wiring.gathers?.(request) ?? false
    if (isRejection(gathers)) return gathers
    const call = gathers ? null : translateJob(wiring.handlers, wiring.route, request)
    if (isRejection(call)) return call
    return applyPolicies(wiring.policies, request, wiring.seen(request), call) ?? call
  }

  /** Said once to each fresh, validly signed job for us, within the rates; the rest is counted. */
  async function refuse(job: Failing): Promise<void> {
    counts.refused += 1
    if (!wiring.refusals.take(job.customer, clock.now())) {
      counts.refusedSilently += 1
      log.debug({ job: job.id, code: job.failure.code }, 'refused silently')
      return
    }
    log.info({ job: job.id, code: job.failure.code, ...detailFor(job, job.failure.detail) }, 'refused')
    // A full disk is for what is paid: the refusal is said and not recorded.
    if (store.acceptsJobs()) await drive.admit(job)
    else await wiring.sayUnrecorded(job)
  }

  return {
    receive,
    arrive(arrival, objection = null) {
      const { rumor, window } = arrival
      const dismissed = knows(rumor.id) ? 'duplicate' : dismissal(rumor, clock.now(), window)
      if (dismissed) counts[dismissed] += 1
      else begin(arrival, take(arrival, wiring.objections.sealed ?? objection))
    },
    knows,
    counts,
  }
}

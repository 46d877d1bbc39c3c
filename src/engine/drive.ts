/** What drives a job? One loop: perform the step, take the fact, follow the transition, save, go on. Starting up is the same loop. */
import { TollbridgeError, isFault, rejection } from '../core/errors.js'
import type { EventId, Pubkey } from '../core/identifiers.js'
import { isOpen, isPaid, type Job, type OpenJob } from '../core/job.js'
import { lacksDestination, NO_DESTINATION } from '../core/refund.js'
import { transition, type Fact } from '../core/transition.js'
import { unsentFact } from '../steps/calling.js'
import { PAUSE, pauseUntil, type Pause, type StepContext } from '../steps/context.js'
import { performStep } from '../steps/index.js'
import { createAlarms } from './alarms.js'
import { archiveIfDone, lookAfter, type Afterlife } from './afterlife.js'
import { createCallingOff, type CancelOutcome } from './calling-off.js'
import type { Census } from './census.js'
import { createFaults } from './faults.js'
import { SAVED_FIRST } from './saved-first.js'
import type { Slots } from './slots.js'
import { isSlotless, rankOf, turnOf } from './turn.js'
import { logTransition } from './transition-log.js'

export interface Drive {
  /** Stores a new job and starts it. */
  admit(job: Job): Promise<'inserted' | 'duplicate'>
  /** Something happened that may concern the job. */
  wake(jobId: EventId): void
  /** A relay has answered for an event of the job. */
  heard(jobId: EventId): void
  /** Takes up every job of the store. */
  resume(): void
  /** What failed may succeed now: the jobs whose last step failed do not wait for their turn. */
  retryFaulted(): void
  /** Another try for a paid job that failed; owed money perhaps to another place. @throws TollbridgeError `job-unknown`, `job-not-retryable`. */
  retry(jobId: EventId, refundTo?: string): Promise<Job>
  /** Its author calls a job off. Takes effect at once, or when the step under way has ended. */
  cancel(jobId: EventId, author: Pubkey): CancelOutcome
  current(jobId: EventId): Job | undefined
  /** No new steps; resolves when the running ones have ended. */
  stop(): Promise<void>
}

export interface DriveWiring extends Afterlife {
  readonly context: () => StepContext
  readonly slots: Slots
  readonly census: Census
  /** Default: the real steps. The crash model puts broken ones in their place, to see that it notices. */
  readonly performStep?: typeof performStep
}

export function createDrive(wiring: DriveWiring): Drive {
  const { slots, census, performStep: step = performStep } = wiring
  /** Jobs ahead of the store: changed by facts that need not be saved before going on. */
  const ahead = new Map<EventId, Job>()
  const lanes = new Map<EventId, { awake: boolean }>()
  const faults = createFaults()
  const callingOff = createCallingOff()
  const alarms = createAlarms(() => wiring.context().clock, wake)
  const idle: (() => void)[] = []
  let stopped = false

  const current = (jobId: EventId): Job | undefined => ahead.get(jobId) ?? wiring.context().store.get(jobId)

  function wake(jobId: EventId): void {
    if (stopped) return
    const lane = lanes.get(jobId)
    if (lane) {
      lane.awake = true
      return
    }
    const fresh = { awake: false }
    lanes.set(jobId, fresh)
    void run(jobId, fresh)
  }

  /** What was signed before the job began, or before the last run ended, goes out beside its first step. */
  function begin(job: Job): void {
    for (const delivery of job.outbox) if (delivery.purpose === 'accept') wiring.context().send(job, delivery)
    wake(job.id)
  }

  /** One lane per job: its steps never overlap. */
  async function run(jobId: EventId, lane: { awake: boolean }): Promise<void> {
    for (;;) {
      lane.awake = false
      alarms.cancel(jobId)
      const job = current(jobId)
      if (!job || stopped) break
      const pause = await advance(job)
      if (!pause || lane.awake) continue
      if (pause.until !== null && !stopped) alarms.set(jobId, pause.until)
      break
    }
    if (stopped) takeBack(jobId)
    lanes.delete(jobId)
    if (lanes.size === 0) for (const resolve of idle.splice(0)) resolve()
  }

  /** One step of one job. Returns a pause, or null to go on at once. */
  async function advance(job: Job): Promise<Pause | null> {
    const context = wiring.context()
    try {
      if (!isOpen(job)) callingOff.forget(job.id)
      const found = isOpen(job) ? perform(context, job) : lookAfter(context, job, wiring)
      const fact = found instanceof Promise ? await found : found
      const pause = fact.type === 'pause' ? fact : await follow(context, job, fact)
      if (pause) noteAhead(context, job.id)
      if (pause && !isOpen(job)) archiveIfDone(context, job)
      faults.forget(job.id)
      return pause
    } catch (error) {
      return await survive(context, job, error)
    }
  }

  async function perform(context: StepContext, job: OpenJob): Promise<Fact | Pause> {
    const perform = () => callingOff.perform(context, job, step)
    if (isSlotless(job)) return perform()
    const give = await slots.take(turnOf(context, job))
    if (!give) return { type: 'refused', rejection: rejection('at-capacity', 'gave way to a higher bid') }
    try {
      return stopped ? PAUSE : await perform()
    } finally {
      give()
    }
  }

  async function follow(context: StepContext, job: Job, fact: Fact): Promise<null> {
    const next = transition(job, fact, context.clock.now())
    if (SAVED_FIRST[fact.type]) {
      await context.store.save(next)
      ahead.delete(job.id)
    } else {
      ahead.set(job.id, next)
    }
    census.move(job, next)
    logTransition(context.log, job, next, fact)
    if ((fact.type === 'settled' || fact.type === 'funded') && isPaid(next)) {
      context.settlements.unwatch({ jobId: job.id, paymentHash: next.offer.paymentHash })
    }
    return null
  }

  /**
   * ORDER: a call that this run announced and never began is certainly unsent. Unless that is noted before the process ends, it
   * looks interrupted after the next start, and a paid call that may not be repeated would be given up.
   */
  function takeBack(jobId: EventId): void {
    const context = wiring.context()
    const job = current(jobId)
    const unsent = job && unsentFact(context, job)
    if (!unsent) return
    ahead.delete(jobId)
    context.store.note(transition(job, unsent, context.clock.now()))
  }

  function noteAhead(context: StepContext, jobId: EventId): void {
    const job = ahead.get(jobId)
    if (!job) return
    context.store.note(job)
    ahead.delete(jobId)
  }

  /** A fault of the machine, a port or a bug: nothing is lost, the lane tries again. */
  async function survive(context: StepContext, job: Job, error: unknown): Promise<Pause | null> {
    if (isFault(error, 'hash-taken') && job.state === 'offering') {
      return follow(context, job, { type: 'refused', rejection: rejection('invoice-invalid', 'payment hash taken') })
    }
    const { inARow, reason, giveUp, delayMs } = faults.count(job, error)
    context.log.error({ job: job.id, state: job.state, reason, faults: inARow }, 'step failed')
    if (giveUp) {
      faults.forget(job.id)
      return follow(context, job, { type: 'refused', rejection: rejection('internal-error', reason) })
    }
    return pauseUntil(context.clock.now() + delayMs)
  }

  return {
    async admit(job) {
      // Counted at once: of many jobs that arrive together none may slip past the limits.
      census.move(undefined, job)
      let inserted: 'inserted' | 'duplicate' = 'duplicate'
      try {
        inserted = await wiring.context().store.insert(job)
      } finally {
        if (inserted === 'duplicate') census.move(job, undefined)
      }
      if (stopped) takeBack(job.id)
      else if (inserted === 'inserted') begin(job)
      return inserted
    },
    wake,
    heard(jobId) {
      const { store } = wiring.context()
      const job = store.get(jobId)
      // An open offer is not saved again for hours: a restart would send each of them anew to relays that hold it.
      if (job?.state === 'awaiting' && !ahead.has(jobId)) store.note(job)
      wake(jobId)
    },
    resume() {
      const jobs = [...wiring.context().store.live()]
      for (const job of jobs) census.move(undefined, job)
      for (const job of jobs.sort((a, b) => rankOf(a) - rankOf(b))) begin(job)
    },
    retryFaulted() {
      for (const jobId of faults.jobs()) wake(jobId)
    },
    async retry(jobId, refundTo) {
      const context = wiring.context()
      const job = current(jobId)
      if (!job) throw new TollbridgeError('job-unknown', `no job has the id ${jobId}`)
      if (job.state !== 'failed' || lanes.has(jobId)) {
        throw new TollbridgeError(
          'job-not-retryable',
          `the job is ${job.state}; only a paid job that failed can be tried again`,
        )
      }
      if (lacksDestination(job, refundTo ?? null)) throw new TollbridgeError('job-not-retryable', NO_DESTINATION)
      await follow(context, job, { type: 'retried', ...(refundTo === undefined ? {} : { refundTo }) })
      wake(jobId)
      return current(jobId) ?? job
    },
    cancel(jobId, author) {
      const context = wiring.context()
      const job = current(jobId)
      if (!job) return context.store.has(jobId) ? 'ended' : 'unknown'
      const outcome = callingOff.request(context, job, author)
      if (outcome === 'stopping') wake(jobId)
      return outcome
    },
    current,
    async stop() {
      stopped = true
      alarms.stop()
      if (lanes.size > 0) await new Promise<void>((resolve) => idle.push(resolve))
      const { store } = wiring.context()
      for (const job of ahead.values()) {
        try {
          store.note(job)
        } catch (error) {
          const reason = error instanceof Error ? error.message : 'unknown'
          wiring.context().log.warn({ job: job.id, reason }, 'not noted at the end')
        }
      }
    },
  }
}

/** What drives a job? One loop: perform the step, take the fact, follow the transition, save, go on. Starting up is the same loop. */
import { TollbridgeError, isFault, rejection } from '../core/errors.js'
import type { EventId, Millis } from '../core/identifiers.js'
import { isOpen, isPaid, type Job, type OpenJob } from '../core/job.js'
import { transition, type Fact, type FactType } from '../core/transition.js'
import { pauseUntil, type Pause, type StepContext } from '../steps/context.js'
import { performStep } from '../steps/index.js'
import { archiveIfDone, lookAfter, type Afterlife } from './afterlife.js'
import type { Census } from './census.js'
import type { Slots } from './slots.js'
import { logTransition } from './transition-log.js'

/**
 * ORDER: which facts are on disk before the job goes on, and what a crash would cost otherwise.
 * attempting: the call could be sent twice. signed: another event would be signed after the crash, and two invoices or results
 * would be out. settled: the preimage could be lost. retried: the operator's word. The others cost nothing: after a crash the step
 * before them is performed again, and says the same.
 */
const SAVED_FIRST: Readonly<Record<FactType, boolean>> = {
  attempting: true,
  signed: true,
  settled: true,
  retried: true,
  attemptFailed: false,
  challenged: false,
  answered: false,
  invoiced: false,
  offered: false,
  lapsed: false,
  delivered: false,
  refused: false,
  answeredElsewhere: false,
}

const FAULT_RETRY_MS = 1_000
const MAX_FAULT_RETRY_MS = 60_000
/** A job that nobody paid for is given up after so many faults in one state. */
const MAX_FAULTS_UNPAID = 5

export interface Drive {
  /** Stores a new job and starts it. */
  admit(job: Job): Promise<'inserted' | 'duplicate'>
  /** Something happened that may concern the job. */
  wake(jobId: EventId): void
  /** Takes up every job of the store. */
  resume(): void
  /** Another try for a paid job that failed. @throws TollbridgeError `job-unknown`, `job-not-retryable`. */
  retry(jobId: EventId): Promise<Job>
  current(jobId: EventId): Job | undefined
  /** No new steps; resolves when the running ones have ended. */
  stop(): Promise<void>
}

interface Lane {
  awake: boolean
  faults: number
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
  const lanes = new Map<EventId, Lane>()
  const timers = new Map<EventId, () => void>()
  const idle: (() => void)[] = []
  let stopped = false

  const current = (jobId: EventId): Job | undefined => ahead.get(jobId) ?? wiring.context().store.get(jobId)

  function wakeAt(jobId: EventId, at: Millis): void {
    timers.get(jobId)?.()
    const { clock } = wiring.context()
    const delay = Math.min(Math.max(0, at - clock.now()), 2 ** 31 - 1)
    timers.set(
      jobId,
      clock.after(delay, () => {
        timers.delete(jobId)
        wake(jobId)
      }),
    )
  }

  function wake(jobId: EventId): void {
    if (stopped) return
    const lane = lanes.get(jobId)
    if (lane) {
      lane.awake = true
      return
    }
    const fresh = { awake: false, faults: 0 }
    lanes.set(jobId, fresh)
    void run(jobId, fresh)
  }

  /** One lane per job: its steps never overlap. */
  async function run(jobId: EventId, lane: Lane): Promise<void> {
    for (;;) {
      lane.awake = false
      const job = current(jobId)
      if (!job || stopped) break
      const pause = await advance(job, lane)
      if (pause?.until != null) wakeAt(jobId, pause.until)
      if (pause && !lane.awake) break
    }
    lanes.delete(jobId)
    if (lanes.size === 0) for (const resolve of idle.splice(0)) resolve()
  }

  /** One step of one job. Returns a pause, or null to go on at once. */
  async function advance(job: Job, lane: Lane): Promise<Pause | null> {
    const context = wiring.context()
    try {
      const fact = isOpen(job) ? await perform(context, job) : lookAfter(context, job, wiring)
      lane.faults = 0
      if (fact.type !== 'pause') return await follow(context, job, fact)
      noteAhead(context, job.id)
      if (!isOpen(job)) archiveIfDone(context, job)
      return fact
    } catch (error) {
      return await survive(context, job, lane, error)
    }
  }

  async function perform(context: StepContext, job: OpenJob): Promise<Fact | Pause> {
    // Waiting costs no slot, and what is paid goes before what is not.
    if (job.state === 'awaiting' || job.state === 'publishing') return step(context, job)
    const give = await slots.take(isPaid(job))
    try {
      return await step(context, job)
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
    if (fact.type === 'settled' && isPaid(next)) {
      context.settlements.unwatch({ jobId: job.id, paymentHash: next.offer.paymentHash })
    }
    return null
  }

  function noteAhead(context: StepContext, jobId: EventId): void {
    const job = ahead.get(jobId)
    if (!job) return
    context.store.note(job)
    ahead.delete(jobId)
  }

  /** A fault of the machine, a port or a bug: nothing is lost, the lane tries again. */
  async function survive(context: StepContext, job: Job, lane: Lane, error: unknown): Promise<Pause | null> {
    lane.faults += 1
    if (isFault(error, 'hash-taken')) {
      return follow(context, job, { type: 'refused', rejection: rejection('invoice-invalid', 'payment hash taken') })
    }
    const reason = error instanceof TollbridgeError ? error.message : error instanceof Error ? error.name : 'unknown'
    context.log.error({ job: job.id, state: job.state, reason, faults: lane.faults }, 'step failed')
    const mayGiveUp = job.state === 'quoting' || job.state === 'invoicing'
    if (mayGiveUp && lane.faults >= MAX_FAULTS_UNPAID) {
      return follow(context, job, { type: 'refused', rejection: rejection('internal-error', reason) })
    }
    const delay = Math.min(MAX_FAULT_RETRY_MS, FAULT_RETRY_MS * 2 ** Math.min(lane.faults - 1, 10))
    return pauseUntil(context.clock.now() + delay)
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
      if (inserted === 'inserted') wake(job.id)
      return inserted
    },
    wake,
    resume() {
      const jobs = [...wiring.context().store.live()]
      for (const job of jobs) census.move(undefined, job)
      // What was paid for is taken up first.
      for (const job of jobs) if (isPaid(job)) wake(job.id)
      for (const job of jobs) if (!isPaid(job)) wake(job.id)
    },
    async retry(jobId) {
      const context = wiring.context()
      const job = current(jobId)
      if (!job) throw new TollbridgeError('job-unknown', `no live job has the id ${jobId}`)
      if (job.state !== 'failed' || lanes.has(jobId)) {
        throw new TollbridgeError(
          'job-not-retryable',
          `the job is ${job.state}; only a paid job that failed can be tried again`,
        )
      }
      await follow(context, job, { type: 'retried' })
      wake(jobId)
      return current(jobId) ?? job
    },
    current,
    async stop() {
      stopped = true
      for (const cancel of timers.values()) cancel()
      timers.clear()
      if (lanes.size > 0) await new Promise<void>((resolve) => idle.push(resolve))
      const { store } = wiring.context()
      for (const job of ahead.values()) store.note(job)
    },
  }
}

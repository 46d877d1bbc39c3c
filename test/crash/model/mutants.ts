/** Would the model notice? Deliberate bugs, each a way of doing it that somebody might think good enough. */
import type { Delivery, Job } from '../../../src/core/job.js'
import { buildPaymentRequired } from '../../../src/nostr/kinds/job-feedback.js'
import type { StepContext } from '../../../src/steps/context.js'
import { saveTooLate, type Bends } from './bends.js'
import type { SimulatedGate } from './gate.js'
import { planOf } from './plan.js'
import { PURCHASE_MUTANTS } from './purchase-mutants.js'
import { runSeed } from './run-seed.js'

const holds = (job: Job, purpose: Delivery['purpose']): boolean =>
  job.outbox.some((delivery) => delivery.purpose === purpose)

const isWorked = (job: Job): boolean =>
  job.outbox.some(({ purpose, event }) => purpose === 'result' && event?.includes('["nonce"') === true)

const PASSING_ON: Readonly<Record<string, Bends>> = {
  'the preimage is saved after the call': {
    store: (store) => saveTooLate(store, (job) => job.state === 'fetching'),
  },
  'the offer is saved after it is published': {
    store: (store) => saveTooLate(store, (job) => job.state === 'offering' && holds(job, 'offer')),
  },
  'the result is signed again after a crash': {
    store: (store) => saveTooLate(store, (job) => job.state === 'publishing' && holds(job, 'result')),
  },
  'the attempt of another run is not looked at': {
    performStep: (real) => (context, job) => {
      if (job.state !== 'fetching' || !job.calls.attempt || job.calls.attempt.run === context.run)
        return real(context, job)
      return real(context, { ...job, calls: { ...job.calls, attempt: { run: context.run } } })
    },
  },
  'a POST is repeated': {
    upstream: (settings) => ({
      ...settings,
      routes: settings.routes.map((route) => ({ ...route, repeatable: new Set(['GET', 'POST']) })),
    }),
  },
  'a quote with credit is repeated like one without': {
    performStep: (real) => (context, job) => {
      if (job.state !== 'quoting' || !job.calls.attempt) return real(context, job)
      const { withCredit: _, ...attempt } = job.calls.attempt
      return job.calls.attempt.run === context.run
        ? real(context, job)
        : real(context, { ...job, calls: { ...job.calls, attempt } })
    },
  },
  'a second 402 is offered to the customer': {
    performStep: (real, gate) => async (context, job) => {
      const fact = await real(context, job)
      const isRefused = fact.type === 'attemptFailed' && fact.why === 'refused'
      if (job.state === 'fetching' && isRefused) await offerAgain(context, job, gate)
      return fact
    },
  },
  'a late payment is ignored': {
    settlements: (watch) => ({
      ...watch,
      watch: (target) => (target.pace === 'open' ? watch.watch(target) : watch.unwatch(target)),
    }),
  },
  'the credential is not handed over': {
    signer: (signer) => ({ ...signer, encrypt: async () => '' }),
  },
  'an offer is not sent on after a crash': {
    performStep: (real) => (context, job) =>
      real(job.state === 'awaiting' ? { ...context, send: () => undefined } : context, job),
  },
  'a wallet that is not usable yet is taken for a foreign one': {
    performStep: (real) => (context, job) => {
      const binding = context.upstreams.get('api')
      if (job.state !== 'invoicing' || !binding?.wallet || binding.wallet.port.methods.size > 0)
        return real(context, job)
      return real({ ...context, upstreams: new Map([['api', { ...binding, wallet: null }]]) }, job)
    },
  },
  'the result with work is saved after it is published': {
    store: (store) => saveTooLate(store, (job) => job.state === 'publishing' && isWorked(job)),
  },
  'a refused result counts as delivered': {
    performStep: (real) => (context, job) => real({ ...context, standing: () => 'delivered' }, job),
  },
}

export const MUTANTS: Readonly<Record<string, Bends>> = { ...PASSING_ON, ...PURCHASE_MUTANTS }

async function offerAgain(context: StepContext, job: Job, gate: SimulatedGate): Promise<void> {
  const charge = [...gate.charges.values()].at(-1)
  if (!charge || !('offer' in job) || !job.offer) return
  const { customer, heardOn } = job
  const about = { jobId: job.id, customer, relayHint: heardOn, createdAt: Math.floor(context.clock.now() / 1000) }
  const expiresAt = Math.floor(charge.expiresAt / 1000)
  const event = await context.signer.sign(
    buildPaymentRequired({ ...about, amountMsat: job.offer.amountMsat, bolt11: charge.bolt11, expiresAt }),
  )
  for (const relay of context.settings.writeRelays) await context.relays.publish(event, relay)
}

export interface Hunt {
  readonly mutant: string
  /** The first seed that notices; null where none does. */
  readonly caughtBy: number | null
  readonly violation: string | null
}

/** Tries the seeds in turn until one notices. */
export async function huntMutant(mutant: string, seeds: number): Promise<Hunt> {
  const bends = MUTANTS[mutant]
  if (!bends) throw new Error(`no mutant is called "${mutant}"`)
  for (let seed = 1; seed <= seeds; seed += 1) {
    // Each among the seeds of the modes that it is of.
    if ((planOf(seed).purchase !== null) !== Object.hasOwn(PURCHASE_MUTANTS, mutant)) continue
    const { violation } = await runSeed(seed, bends)
    if (violation !== null) return { mutant, caughtBy: seed, violation }
  }
  return { mutant, caughtBy: null, violation: null }
}

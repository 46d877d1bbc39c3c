/** Would the model notice what goes wrong with our own money? Deliberate bugs of wrap and resell, as somebody might write them. */
import type { Job } from '../../../src/core/job.js'
import type { Fact } from '../../../src/core/transition.js'
import type { Wallet } from '../../../src/ports.js'
import type { StepContext } from '../../../src/steps/context.js'
import { saveTooLate, type Bends, type PerformStep } from './bends.js'
import { PURSE } from './purse.js'

/** Another step in the place of the real one of some jobs. */
const instead =
  (step: (real: PerformStep, ...given: Parameters<PerformStep>) => ReturnType<PerformStep>) =>
  (real: PerformStep): PerformStep =>
  (context, job) =>
    step(real, context, job)

const unpayable: Fact = { type: 'payRefused', rejection: { rejected: 'upstream-unpayable' } }

function purseOf({ purses }: StepContext): Wallet {
  const purse = purses.get(PURSE)
  if (!purse) throw new Error('there is no purse')
  return purse.wallet
}

const isOf = (job: Job, run: string): boolean => job.state === 'paying' && job.spending.attempt?.run === run

export const PURCHASE_MUTANTS: Readonly<Record<string, Bends>> = {
  'an upstream is paid before it is saved that it will be': {
    store: (store) => saveTooLate(store, (job) => job.state === 'paying'),
  },
  'a payment is repeated after a restart': {
    performStep: instead((real, context, job) => {
      if (job.state !== 'paying' || !job.spending.attempt || isOf(job, context.run)) return real(context, job)
      return real(context, { ...job, spending: { ...job.spending, attempt: { run: context.run } } })
    }),
  },
  'a payment without an answer is made once more': {
    performStep: instead(async (real, context, job) => {
      if (job.state !== 'tracking') return real(context, job)
      const { bolt11, paymentHash, maxFeeMsat } = job.offer.purchase
      await purseOf(context).payInvoice(bolt11, paymentHash, { maxFeeMsat, maxDelayBlocks: null })
      return real(context, job)
    }),
  },
  'a payment of which nothing is known is given up': {
    performStep: instead(async (real, context, job) => (job.state === 'tracking' ? unpayable : real(context, job))),
  },
  'not_found is taken for failed at once': {
    purse: (wallet) => ({
      ...wallet,
      lookupPayment: async (hash) => {
        const seen = await wallet.lookupPayment(hash)
        return seen.state === 'not_found' ? { state: 'failed' } : seen
      },
    }),
  },
  'a hold is not settled': {
    performStep: instead(async (real, context, job) =>
      job.state === 'settling' ? { type: 'taken', attempt: { run: context.run } } : real(context, job),
    ),
  },
  'a loss is not recorded': {
    performStep: instead(async (real, context, job) => {
      const fact = await real(context, job)
      return fact.type === 'lost' ? { type: 'taken', attempt: fact.attempt } : fact
    }),
  },
  'a hold that is late to settle is written off': {
    performStep: instead(async (real, context, job) => {
      const fact = await real(context, job).catch(() => null)
      if (fact || job.state !== 'settling') return fact ?? real(context, job)
      const loss = { amountMsat: job.offer.amountMsat, at: context.clock.now(), reason: 'the wallet is silent' }
      return { type: 'lost', loss, attempt: { run: context.run } }
    }),
  },
  'a hold of no use is not given back': {
    performStep: instead(async (real, context, job) =>
      job.state === 'cancelling' ? { type: 'returned' } : real(context, job),
    ),
  },
  'with on-result, the hold is given back when the API fails': {
    performStep: instead(async (real, context, job) => {
      if (job.state !== 'settling' || job.then.type !== 'fail') return real(context, job)
      await purseOf(context).cancelHoldInvoice(job.offer.paymentHash)
      return { type: 'taken', attempt: { run: context.run } }
    }),
  },
  'the deadline of a hold is not looked at': {
    purse: (wallet) => ({
      ...wallet,
      payInvoice: (bolt11, hash, limits) =>
        wallet.payInvoice(bolt11, hash, limits && { ...limits, maxDelayBlocks: null }),
    }),
  },
  'an owed refund is not listed': {
    performStep: instead(async (real, context, job) =>
      job.state === 'refunding' ? { type: 'returned' } : real(context, job),
    ),
  },
  'a refund is announced and not saved': {
    store: (store) => saveTooLate(store, (job) => job.state === 'refunding' && job.refund.spending !== null),
  },
  'a refund without an answer is tried again': {
    performStep: instead(async (real, context, job) => {
      if (job.state !== 'refunding' || job.refund.spending === null || job.refund.spent) return real(context, job)
      const fact = await real(context, job)
      if (fact.type !== 'pause') return fact
      const unsent = { ...job.refund, spending: null, bolt11: null, paymentHash: null }
      return { type: 'refundMoved', refund: { ...unsent, tries: job.refund.tries + 1 } }
    }),
  },
}

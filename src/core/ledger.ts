/** What did a job do to our own money? Received, paid, given back and lost, read off the job itself (wrap, resell). */
import type { Job } from './job.js'
import type { Loss } from './job-parts.js'
import { ZERO_MSAT, type Msat } from './money.js'

/** All in msat. */
export interface Ledger {
  /** What customers' payments have brought us. */
  readonly received: Msat
  /** Of a customer, and neither taken nor given back yet. */
  readonly held: Msat
  /** To the upstream, its fees left out. */
  readonly paid: Msat
  /** Of that payment and of a refund; null where the wallet does not tell. */
  readonly routingFee: Msat | null
  /** To the customer, out of what was received. */
  readonly refunded: Msat
  readonly loss: Msat
  /** What is left of what came: below zero where more went than came. */
  readonly markup: number
}

const sum = (...amounts: readonly number[]): Msat => amounts.reduce((total, amount) => total + amount, 0) as Msat

/** Null where no money of ours is concerned: the customer pays the upstream itself, or nobody pays. */
export function ledgerOf(job: Job): Ledger | null {
  if (!('offer' in job) || !job.offer?.purchase || !('payment' in job) || !job.payment) return null
  const { amountMsat, purchase } = job.offer
  const { hold } = job
  const refund = 'refund' in job ? job.refund : undefined
  const spent = 'spent' in job ? job.spent : undefined
  const loss = lossOf(job)?.amountMsat ?? ZERO_MSAT
  const isReturned = 'returned' in job && job.returned
  const isTaken = hold?.taken === true && loss === 0
  const received = hold ? (isTaken ? hold.amountMsat : ZERO_MSAT) : purchase.mode === 'resell' ? amountMsat : ZERO_MSAT
  const held = hold && hold.taken !== true && !isReturned ? hold.amountMsat : ZERO_MSAT
  const paid = spent ? purchase.amountMsat : ZERO_MSAT
  const refunded = refund?.spent ? refund.amountMsat : ZERO_MSAT
  const fees = [spent, refund?.spent].map((payment) => (payment ? payment.feesMsat : ZERO_MSAT))
  const routingFee = fees.some((fee) => fee === null) ? null : sum(...fees.map((fee) => fee ?? 0))
  const markup = received - paid - (routingFee ?? 0) - refunded
  return { received, held, paid, routingFee, refunded, loss, markup }
}

export const lossOf = (job: Job): Loss | undefined => ('loss' in job ? job.loss : undefined)

/** We paid its upstream and did not get the customer's money: the list of `jobs list --lost`. */
export const isLost = (job: Job): boolean => lossOf(job) !== undefined

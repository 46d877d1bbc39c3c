/** Which invoices are watched? Numbered targets, and the reports that sources make of them. */
import { createHash } from 'node:crypto'
import type { PaymentHash, Preimage } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import type { Found, Targets, WatchTarget } from '../../src/settlement/watch.js'
import { customerPubkey } from './sign-jobs.js'
import { numberedId } from './step-world.js'

export const START_MS = 1_800_000_000_000
const CUSTOMER = customerPubkey(1)

export const preimageOf = (number: number): Preimage => numberedId(number) as string as Preimage
export const paymentHashOf = (number: number): PaymentHash =>
  createHash('sha256').update(preimageOf(number), 'hex').digest('hex') as PaymentHash

export const targetNumber = (number: number, changes: Partial<WatchTarget> = {}): WatchTarget => ({
  jobId: numberedId(number),
  customer: CUSTOMER,
  upstream: 'api',
  paymentHash: paymentHashOf(number),
  amountMsat: 21_000 as Msat,
  issuedAt: START_MS,
  offeredAt: START_MS,
  expiresAt: START_MS + 3_600_000,
  statusUrl: `https://api.test/status/${number}`,
  sources: ['merchantWallet', 'statusEndpoint', 'customerProof'],
  pace: 'open',
  ...changes,
})

export interface ReportingTargets extends Targets {
  readonly reports: { readonly paymentHash: PaymentHash; readonly found: Found }[]
}

export function createTargets(targets: readonly WatchTarget[] = []): ReportingTargets {
  const reports: ReportingTargets['reports'] = []
  return {
    reports,
    byHash: (paymentHash) => targets.find((target) => target.paymentHash === paymentHash),
    byJob: (jobId) => targets.find((target) => target.jobId === jobId),
    all: () => targets,
    foundFor: (paymentHash) => reports.find((report) => report.paymentHash === paymentHash)?.found,
    report: (paymentHash, found) => void reports.push({ paymentHash, found }),
  }
}

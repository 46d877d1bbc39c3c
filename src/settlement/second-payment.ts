/** Is our own invoice paid although a zap has paid for its job already? Looked up until it can no longer be; what comes is given back. */
import type { Millis } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import { strayJob } from '../core/stray.js'
import type { Clock, JobStore, Logger, Wallet } from '../ports.js'
import { idOf, isResold, type ResoldJob } from './zap.js'

const EVERY_MS: Millis = 60_000
/** A payment that was begun in time may arrive late. */
export const SECOND_PAYMENT_GRACE_MS: Millis = 10 * 60_000

export interface SecondPayments {
  lookOut(job: ResoldJob): void
  stop(): void
}

/** Takes up those of the store. */
export function createSecondPayments(wiring: {
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly store: Pick<JobStore, 'live'>
  readonly onStray: (job: Job) => Promise<void>
  readonly clock: Clock
  readonly log: Logger
}): SecondPayments {
  const { wallets, store, onStray, clock, log } = wiring
  const watched = new Map<string, ResoldJob>()
  let cancel: (() => void) | null = null
  let stopped = false

  /** True where nothing more can come of it. */
  async function look(job: ResoldJob): Promise<boolean> {
    const { paymentHash, expiresAt, purchase } = job.offer
    const isLast = clock.now() > expiresAt + SECOND_PAYMENT_GRACE_MS
    const seen = await wallets.get(purchase.wallet)?.lookupInvoice(paymentHash)
    if (seen?.state !== 'settled') return isLast && seen !== undefined
    const { amountMsat } = seen
    log.warn({ job: job.id, amountMsat }, 'paid by invoice, and by a zap before')
    const reason = 'the invoice was paid, too'
    const id = idOf('again', paymentHash)
    await onStray(strayJob(job, { id, paymentHash: null, amountMsat, source: 'ownInvoice', reason }, clock.now()))
    return true
  }

  async function round(): Promise<void> {
    for (const [id, job] of watched) {
      if (stopped) return
      try {
        if (await look(job)) watched.delete(id)
      } catch (error) {
        log.warn({ job: job.id, reason: error instanceof Error ? error.message : 'unknown' }, 'invoice not looked up')
      }
    }
    plan()
  }

  function plan(): void {
    cancel?.()
    cancel = stopped || watched.size === 0 ? null : clock.after(EVERY_MS, () => void round())
  }

  function lookOut(job: ResoldJob): void {
    watched.set(job.id, job)
    if (!cancel) plan()
  }

  for (const job of store.live()) {
    if (isResold(job) && 'payment' in job && job.payment?.source === 'zap') lookOut(job)
  }
  return {
    lookOut,
    stop() {
      stopped = true
      cancel?.()
    },
  }
}

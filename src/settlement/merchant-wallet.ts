/** Does the operator's receiving wallet say that it was paid? Push first; beside it one paged sweep for all open jobs. */
import type { Millis, PaymentHash } from '../core/identifiers.js'
import type { Clock, Logger, SettledIncoming, Wallet } from '../ports.js'
import type { PreimageSource, Targets, WatchTarget } from './watch.js'

/** Wallet and host clocks may differ by this much. */
const CLOCK_SKEW_MS = 120_000
const LATE_SWEEP_EVERY_MS = 15 * 60_000
/** A sweep may take this share of the time at most. */
const SWEEP_SHARE = 20
const MAX_PAGES = 10_000
const LOOKUPS_PER_SWEEP = 20
const RECENT_SETTLEMENTS = 50_000

export interface MerchantWallet extends PreimageSource {
  readonly name: 'merchantWallet' | 'ownInvoice'
  /** Whether the wallet is known to have received this payment already. Remembers what it was told, without asking. */
  isKnownSettled(paymentHash: PaymentHash): boolean
  /** Since when every settlement was pushed to us without a gap; null where push is not available. */
  listeningSince(): Millis | null
  /** Sweeps soon: the wallet has become usable. */
  refresh(): void
}

export function createMerchantWallet(wiring: {
  readonly wallet: Wallet
  /** `ownInvoice`: the invoices are ours, and their preimage is no key of a credential. Default: merchantWallet. */
  readonly name?: 'merchantWallet' | 'ownInvoice'
  /** Whether the payment of this invoice arrives in this wallet. */
  readonly receivesFor: (target: Pick<WatchTarget, 'upstream' | 'ownWallet'>) => boolean
  readonly targets: Targets
  readonly sweepMs: number
  readonly clock: Clock
  readonly log: Logger
}): MerchantWallet {
  const { wallet, targets, clock, log, name = 'merchantWallet' } = wiring
  const watched = new Map<PaymentHash, WatchTarget>()
  const recent = new Set<PaymentHash>()
  let stopped = false
  let sweeping = false
  let lateSweepAt: Millis = 0
  let cancelTimer: (() => void) | null = null
  let listening: Millis | null = null

  function accept(settled: SettledIncoming): void {
    recent.add(settled.paymentHash)
    const oldest = recent.values().next()
    if (recent.size > RECENT_SETTLEMENTS && !oldest.done) recent.delete(oldest.value)
    const target = watched.get(settled.paymentHash)
    if (!target) return
    if (settled.amountMsat < target.amountMsat) return log.warn({ job: target.jobId }, 'settled below the amount due')
    // That it was unpaid when it was offered was asked then; by the payee's own clock it cannot be older than the invoice.
    if (settled.settledAt !== null && settled.settledAt + CLOCK_SKEW_MS < target.issuedAt) {
      return log.warn({ job: target.jobId }, 'settled before the invoice was made')
    }
    const key = { kind: 'preimage', value: settled.preimage } as const
    targets.report(settled.paymentHash, { key, source: name })
  }

  /** Back to the oldest invoice that still may be paid in time; now and then also to the late ones. */
  function sweepFrom(withLate: boolean): Millis | null {
    let since: Millis | null = null
    for (const { pace, issuedAt } of watched.values()) {
      if ((withLate || pace === 'open') && (since === null || issuedAt < since)) since = issuedAt
    }
    return since === null ? null : since - CLOCK_SKEW_MS
  }

  async function sweep(): Promise<void> {
    const withLate = clock.now() >= lateSweepAt
    if (withLate) lateSweepAt = clock.now() + LATE_SWEEP_EVERY_MS
    const since = sweepFrom(withLate)
    if (since === null) return
    if (!wallet.methods.has('listIncoming')) return lookUpSome(withLate)
    let cursor: string | null = null
    for (let page = 0; page < MAX_PAGES && !stopped; page += 1) {
      const { settled, cursor: next }: Awaited<ReturnType<Wallet['listIncoming']>> = await wallet.listIncoming({
        since,
        cursor,
      })
      for (const payment of settled) accept(payment)
      if (next === null) return
      cursor = next
    }
  }

  /** For wallets that cannot list: a few look-ups a sweep, those asked longest ago first. */
  async function lookUpSome(withLate: boolean): Promise<void> {
    const due = [...watched].filter(([, { pace }]) => withLate || pace === 'open')
    for (const [paymentHash, target] of due.slice(0, LOOKUPS_PER_SWEEP)) {
      if (stopped) return
      // To the end of the line first: one that the wallet cannot answer must not keep the others waiting for ever.
      if (watched.delete(paymentHash)) watched.set(paymentHash, target)
      const seen = await wallet.lookupInvoice(paymentHash)
      if (seen.state === 'settled' && seen.preimage !== null) accept({ ...seen, preimage: seen.preimage, paymentHash })
    }
  }

  async function runSweep(): Promise<void> {
    if (sweeping || stopped) return
    sweeping = true
    const startedAt = clock.now()
    let worked: Millis = 0
    try {
      await sweep()
      worked = clock.now() - startedAt
    } catch (error) {
      // Unknown is not unpaid: the next sweep asks again, and every invoice stays watched.
      log.warn({ wallet: wallet.name, reason: error instanceof Error ? error.message : 'unknown' }, 'sweep failed')
    }
    sweeping = false
    // Waiting for a wallet that does not answer is no work: it must not put the next sweep off for minutes.
    plan(Math.max(wiring.sweepMs, worked * SWEEP_SHARE))
  }

  function plan(delayMs: number): void {
    cancelTimer?.()
    cancelTimer = null
    if (stopped || watched.size === 0) return
    const canSweep = wallet.methods.has('listIncoming') || wallet.methods.has('lookupInvoice')
    if (canSweep) cancelTimer = clock.after(delayMs, () => void runSweep())
    // What is paid before the wallet is usable is found once it is.
    else if (wallet.methods.size === 0) cancelTimer = clock.after(wiring.sweepMs, () => plan(0))
  }

  const stopListening = wallet.onSettled(accept, () => {
    // What was settled while nobody listened was never pushed: look it up now.
    listening = clock.now()
    plan(0)
  })

  return {
    name,
    watch(target) {
      watched.delete(target.paymentHash)
      if (target.pace === 'proofOnly' || !target.sources.includes(name) || !wiring.receivesFor(target)) return
      const isFirst = watched.size === 0
      watched.set(target.paymentHash, target)
      if (isFirst) plan(Math.min(wiring.sweepMs, 1_000))
    },
    unwatch(paymentHash) {
      watched.delete(paymentHash)
    },
    isKnownSettled: (paymentHash) => recent.has(paymentHash),
    listeningSince: () => listening,
    refresh: () => plan(0),
    stop() {
      stopped = true
      cancelTimer?.()
      stopListening()
    },
  }
}

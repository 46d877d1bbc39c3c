/** Has the customer paid our hold invoice? Push as a hint, and a look-up as the truth: accepted, and not yet ours (wrap). */
import type { Millis, PaymentHash } from '../core/identifiers.js'
import type { Clock, Logger, Wallet } from '../ports.js'
import type { Purse } from './purse.js'
import type { PreimageSource, Targets, WatchTarget } from './watch.js'

/** How often an open hold invoice is looked up where the wallet pushes nothing. */
const UNPUSHED_MS = 2_000
const LATE_EVERY_MS = 60_000
const MOST_AT_ONCE = 8
const FRESH_MS = 5_000

export function createHoldInvoice(wiring: {
  readonly wallet: Wallet
  /** What the wallet tells of itself, which may be a little old. Default: it is asked. */
  readonly info?: Purse['info']
  /** Whether the hold invoice is in this wallet. */
  readonly isOwn: (target: WatchTarget) => boolean
  readonly targets: Targets
  readonly sweepMs: Millis
  readonly clock: Clock
  readonly log: Logger
}): PreimageSource {
  const { wallet, targets, clock, log, info = () => wallet.getInfo() } = wiring
  const watched = new Map<PaymentHash, { readonly target: WatchTarget; lookAt: Millis }>()
  const looking = new Set<PaymentHash>()
  let cancelTimer: (() => void) | null = null
  let stopped = false

  const paceOf = ({ pace }: WatchTarget): Millis => {
    if (pace !== 'open') return LATE_EVERY_MS
    return wallet.methods.has('onAccepted') ? wiring.sweepMs : Math.min(UNPUSHED_MS, wiring.sweepMs)
  }

  async function look(paymentHash: PaymentHash): Promise<void> {
    const entry = watched.get(paymentHash)
    if (!entry || looking.has(paymentHash)) return
    looking.add(paymentHash)
    entry.lookAt = clock.now() + paceOf(entry.target)
    try {
      const seen = await wallet.lookupInvoice(paymentHash)
      if (seen.state !== 'accepted') return
      const { blockHeight } = await info()
      if (!watched.has(paymentHash)) return
      const { amountMsat, settleDeadline } = seen
      if (amountMsat < entry.target.amountMsat) log.warn({ job: entry.target.jobId }, 'accepted below the amount due')
      const hold = { amountMsat, settleDeadline, blockHeight }
      targets.report(paymentHash, { source: 'holdInvoice', hold })
    } catch (error) {
      log.warn(
        { wallet: wallet.name, reason: error instanceof Error ? error.message : 'unknown' },
        'hold not looked up',
      )
    } finally {
      looking.delete(paymentHash)
    }
  }

  async function sweep(): Promise<void> {
    cancelTimer = null
    const now = clock.now()
    const due = [...watched].filter(([, { lookAt }]) => lookAt <= now).map(([paymentHash]) => paymentHash)
    for (let at = 0; at < due.length && !stopped; at += MOST_AT_ONCE) {
      await Promise.all(due.slice(at, at + MOST_AT_ONCE).map(look))
    }
    plan()
  }

  function plan(): void {
    if (stopped || cancelTimer || watched.size === 0) return
    const next = Math.min(...[...watched.values()].map(({ lookAt }) => lookAt))
    cancelTimer = clock.after(Math.max(50, next - clock.now()), () => void sweep())
  }

  const lookAtAll = (): void => {
    for (const entry of watched.values()) entry.lookAt = clock.now()
    cancelTimer?.()
    cancelTimer = null
    plan()
  }

  const stopHearing = wallet.onAccepted((paymentHash) => void look(paymentHash))
  const stopListening = wallet.onSettled(() => undefined, lookAtAll)

  return {
    name: 'holdInvoice',
    watch(target) {
      watched.delete(target.paymentHash)
      if (target.pace === 'proofOnly' || !target.sources.includes('holdInvoice') || !wiring.isOwn(target)) return
      // After a start it may have been accepted while nobody looked; one that was only just made cannot be.
      const isFresh = clock.now() - target.offeredAt < FRESH_MS
      watched.set(target.paymentHash, { target, lookAt: clock.now() + (isFresh ? paceOf(target) : 0) })
      cancelTimer?.()
      cancelTimer = null
      plan()
    },
    unwatch(paymentHash) {
      watched.delete(paymentHash)
    },
    stop() {
      stopped = true
      cancelTimer?.()
      stopHearing()
      stopListening()
    },
  }
}

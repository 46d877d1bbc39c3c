/** Was a job paid by a zap (NIP-57)? A receipt says where to look; that the payment has arrived is our own wallet's to say (resell). */
import { createHash } from 'node:crypto'
import { isMalformed, type EventId, type Millis } from '../core/identifiers.js'
import type { NostrEvent } from '../core/event.js'
import type { Job, Offer, Purchase } from '../core/job.js'
import type { Msat } from '../core/money.js'
import { sendableOf, strayJob } from '../core/stray.js'
import { parseZapReceipt, zappedBy, type Zap, type ZapRecipient } from '../nostr/kinds/zap.js'
import { verifyEvent } from '../nostr/event.js'
import type { Clock, JobStore, Logger, Wallet } from '../ports.js'
import type { PreimageSource, Targets } from './watch.js'

/** Until the wallet says that the payment has arrived, or our address who signs for it. */
const AGAIN_MS: readonly Millis[] = [0, 1_000, 5_000, 30_000, 120_000, 600_000]
const MOST_PENDING = 1_000
/** Clocks differ, and BOLT11 counts whole seconds. */
const SKEW_MS = 120_000

export type ResoldJob = Job & { readonly offer: Offer & { readonly purchase: Purchase } }

export interface ZapSource extends PreimageSource {
  /** A kind-9735 event as a relay sent it; its shape is known, nothing else. */
  receive(event: NostrEvent): void
}

export function createZap(wiring: {
  readonly targets: Targets
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly store: Pick<JobStore, 'get' | 'has' | 'live' | 'findArchived' | 'hasPaymentHash'>
  /** Who we are to a zap; null while our address does not answer. */
  readonly recipient: () => Promise<ZapRecipient | null>
  /** A payment that no offer waits for: it is stored, and given back. */
  readonly onStray: (job: Job) => Promise<void>
  /** A zap has paid for this job: its invoice may be paid besides. */
  readonly onPaid: (job: ResoldJob) => void
  readonly clock: Clock
  readonly log: Logger
}): ZapSource {
  const { targets, wallets, store, clock, log } = wiring
  const pending = new Map<EventId, () => void>()
  let stopped = false

  /** By its own id, or by that of anything that we said of it. */
  async function jobOf(id: EventId): Promise<Job | undefined> {
    const live = store.get(id)
    if (live) return live
    for (const job of store.live()) if (job.outbox.some(({ eventId }) => eventId === id)) return job
    return store.has(id) ? store.findArchived(id) : undefined
  }

  function isKnown(id: EventId): boolean {
    if (store.has(id)) return true
    for (const job of store.live()) if (job.outbox.some(({ eventId }) => eventId === id)) return true
    return false
  }

  /** True where it is done with; false where it is to be looked at again. */
  async function look(event: NostrEvent, zapped: EventId): Promise<boolean> {
    const recipient = await wiring.recipient()
    if (recipient === null) return false
    // Anybody can sign one: only for our own server is the archive searched.
    if (event.pubkey !== recipient.nostrPubkey) return true
    const job = await jobOf(zapped)
    if (!job || !isResold(job) || !job.offer.sources.includes('zap')) return true
    const zap = parseZapReceipt(event, recipient)
    if (isMalformed(zap)) {
      log.warn({ job: job.id, reason: zap.malformed }, 'a zap receipt that does not hold')
      return true
    }
    const { paymentHash } = zap.invoice
    if (store.hasPaymentHash(paymentHash)) return true
    const wallet = wallets.get(job.offer.purchase.wallet)
    if (!wallet) return false
    const seen = await wallet.lookupInvoice(paymentHash)
    if (seen.state !== 'settled') {
      log.debug({ job: job.id, state: seen.state }, 'a zap receipt whose payment is not in the wallet')
      return false
    }
    await take(job, zap, Math.min(seen.amountMsat, zap.invoice.amountMsat))
    return true
  }

  async function take(job: ResoldJob, { invoice }: Zap, amountMsat: number): Promise<void> {
    const { paymentHash } = invoice
    const { offer } = job
    if (store.hasPaymentHash(paymentHash)) return
    const isAwaited = targets.byJob(job.id)?.paymentHash === offer.paymentHash
    const isOlder = invoice.timestamp + SKEW_MS < offer.offeredAt
    const isEnough = amountMsat >= offer.amountMsat
    const excessId = idOf('excess', paymentHash)
    if (isAwaited && !isOlder && isEnough) {
      const excess = (amountMsat - offer.amountMsat) as Msat
      // ORDER: saved before the zap is taken: once its hash is claimed, the receipt is not looked at again.
      if (sendableOf(excess, offer.purchase) > 0) {
        const surplus = { id: excessId, paymentHash: null, amountMsat: excess, source: 'zap' } as const
        await wiring.onStray(strayJob(job, { ...surplus, reason: 'a zap of too much' }, clock.now()))
      }
      targets.report(offer.paymentHash, { source: 'zap', paymentHash })
      const found = targets.foundFor(offer.paymentHash)
      if (found?.source === 'zap' && found.paymentHash === paymentHash) return wiring.onPaid(job)
      // Another receipt of the same zap was sooner.
      if (store.hasPaymentHash(paymentHash)) return
    }
    const reason = isOlder
      ? 'a zap that is older than the offer'
      : isAwaited && !isEnough
        ? 'a zap of too little'
        : 'a zap too many'
    // What goes back already as too much does not go back again.
    const due = store.has(excessId) ? offer.amountMsat : (amountMsat as Msat)
    log.warn({ job: job.id, amountMsat: due }, reason)
    const stray = { id: idOf('zap', paymentHash), paymentHash, amountMsat: due, source: 'zap', reason } as const
    await wiring.onStray(strayJob(job, stray, clock.now()))
  }

  async function attempt(event: NostrEvent, zapped: EventId, tries: number): Promise<void> {
    let done = false
    try {
      done = await look(event, zapped)
    } catch (error) {
      // Unknown is not unpaid.
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'zap not looked up')
    }
    const delay = AGAIN_MS[tries + 1]
    if (done || stopped || delay === undefined) return void pending.delete(event.id)
    pending.set(
      event.id,
      clock.after(delay, () => void attempt(event, zapped, tries + 1)),
    )
  }

  return {
    name: 'zap',
    receive(event) {
      const zapped = zappedBy(event)
      if (zapped === null || stopped || pending.has(event.id) || pending.size >= MOST_PENDING) return
      // Cheapest first; and a forged copy must not keep the real one waiting.
      if (!isKnown(zapped) || !verifyEvent(event)) return
      pending.set(event.id, () => undefined)
      void attempt(event, zapped, 0)
    },
    watch() {
      // Receipts are heard for every job: nothing to arm.
    },
    unwatch() {
      // Nor to disarm.
    },
    stop() {
      stopped = true
      for (const cancel of pending.values()) cancel()
      pending.clear()
    },
  }
}

export const isResold = (job: Job): job is ResoldJob =>
  'offer' in job && job.offer?.purchase?.mode === 'resell' && !('refund' in job && job.refund?.strayOf)

/** An id that is that of no event, and the same whenever the payment is found again. */
export const idOf = (what: 'zap' | 'excess' | 'again', paymentHash: string): EventId =>
  createHash('sha256').update(`${what}:${paymentHash}`).digest('hex') as EventId

/** Has it been paid? The one place where every preimage source reports; the first key that fits the payment hash wins. */
import type { EventId, Millis, PaymentHash, Pubkey } from '../core/identifiers.js'
import type { CredentialKey, Hold, Offer, PaymentSourceName, UnpaidSecrets } from '../core/job.js'
import type { Msat } from '../core/money.js'
import { isPreimageOf } from '../l402/credential.js'
import type { Logger } from '../ports.js'

/** How closely an invoice is watched: `late` ones are swept slowly, and at last only a proof is listened for. */
export type WatchPace = 'open' | 'late' | 'proofOnly'

/** An invoice that somebody may pay. */
export interface WatchTarget {
  readonly jobId: EventId
  readonly customer: Pubkey
  readonly upstream: string
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly issuedAt: Millis
  readonly offeredAt: Millis
  readonly expiresAt: Millis
  readonly statusUrl: string | null
  readonly sources: readonly PaymentSourceName[]
  /** Name of our wallet whose invoice it is (wrap, resell); null or absent in passthrough. */
  readonly ownWallet?: string | null
  readonly pace: WatchPace
}

export type Found =
  | { readonly source: Exclude<PaymentSourceName, 'holdInvoice' | 'zap'>; readonly key: CredentialKey }
  /** The payment of our hold invoice waits for us. The preimage is not known yet. */
  | { readonly source: 'holdInvoice'; readonly hold: Hold }
  /** A payment for the job has arrived in our wallet by another invoice (NIP-57). */
  | { readonly source: 'zap'; readonly paymentHash: PaymentHash }

export interface PreimageSource {
  readonly name: PaymentSourceName
  /** Idempotent; called again when the pace changes. */
  watch(target: WatchTarget): void
  unwatch(paymentHash: PaymentHash): void
  stop(): void
}

/** What a source may ask of the whole. */
export interface Targets {
  byHash(paymentHash: PaymentHash): WatchTarget | undefined
  byJob(jobId: EventId): WatchTarget | undefined
  all(): Iterable<WatchTarget>
  /** A source found a key. Keys that do not fit are dropped and counted. */
  report(paymentHash: PaymentHash, found: Found): void
  /** What was reported first, until the invoice is no longer watched. */
  foundFor(paymentHash: PaymentHash): Found | undefined
}

export interface SettlementWatch {
  watch(target: WatchTarget): void
  unwatch(target: Pick<WatchTarget, 'jobId' | 'paymentHash'>): void
  isWatched(paymentHash: PaymentHash): boolean
  /** How many invoices are watched, late ones included. */
  readonly size: number
  /** The key of a watched job whose payment was found. */
  foundFor(paymentHash: PaymentHash): Found | undefined
  stop(): void
}

export const targetOf = (
  job: { id: EventId; customer: Pubkey; call: { upstream: string }; offer: Offer; secrets: UnpaidSecrets },
  pace: WatchPace,
): WatchTarget => ({
  jobId: job.id,
  customer: job.customer,
  upstream: job.call.upstream,
  paymentHash: job.offer.paymentHash,
  amountMsat: job.offer.amountMsat,
  issuedAt: job.offer.issuedAt,
  offeredAt: job.offer.offeredAt,
  expiresAt: job.offer.expiresAt,
  statusUrl: job.secrets.statusUrl,
  sources: job.offer.sources,
  ownWallet: job.offer.purchase?.wallet ?? null,
  pace,
})

/**
 * Of an invoice of our own only our wallet can tell that it was paid. Whoever stands in with the upstream knows its preimage from the
 * start: taken for a payment, it would have us pay the upstream with nothing held.
 */
const mayTell = ({ ownWallet, sources }: WatchTarget, source: PaymentSourceName): boolean =>
  !ownWallet || sources.includes(source) || (source === 'zap' && sources.includes('ownInvoice'))

export function createSettlementWatch(wiring: {
  readonly sources: (targets: Targets) => readonly PreimageSource[]
  /** Called once per found key; the job's lane takes it from there. */
  readonly onFound: (jobId: EventId) => void
  readonly log: Logger
}): SettlementWatch {
  const byHash = new Map<PaymentHash, WatchTarget>()
  const byJob = new Map<EventId, WatchTarget>()
  const found = new Map<PaymentHash, Found>()

  const sources = wiring.sources({
    byHash: (paymentHash) => byHash.get(paymentHash),
    byJob: (jobId) => byJob.get(jobId),
    all: () => byHash.values(),
    foundFor: (paymentHash) => found.get(paymentHash),
    report(paymentHash, discovery) {
      const target = byHash.get(paymentHash)
      if (!target || found.has(paymentHash)) return
      if (!mayTell(target, discovery.source)) return
      // A suffix proves nothing by itself: it is taken from the status endpoint only, which vouches for it at its own origin.
      const fits =
        !('key' in discovery) ||
        (discovery.key.kind === 'preimage'
          ? isPreimageOf(discovery.key.value, paymentHash)
          : discovery.source === 'statusEndpoint')
      if (!fits) {
        wiring.log.warn({ job: target.jobId, source: discovery.source }, 'preimage does not fit')
        return
      }
      found.set(paymentHash, discovery)
      for (const source of sources) source.unwatch(paymentHash)
      wiring.onFound(target.jobId)
    },
  })

  return {
    watch(target) {
      const known = byHash.get(target.paymentHash)
      if (known && known.jobId === target.jobId && known.pace === target.pace) return
      byHash.set(target.paymentHash, target)
      byJob.set(target.jobId, target)
      if (found.has(target.paymentHash)) return
      for (const source of sources) source.watch(target)
    },
    unwatch({ jobId, paymentHash }) {
      byHash.delete(paymentHash)
      byJob.delete(jobId)
      found.delete(paymentHash)
      for (const source of sources) source.unwatch(paymentHash)
    },
    isWatched: (paymentHash) => byHash.has(paymentHash),
    get size() {
      return byHash.size
    },
    foundFor: (paymentHash) => found.get(paymentHash),
    stop() {
      for (const source of sources) source.stop()
    },
  }
}

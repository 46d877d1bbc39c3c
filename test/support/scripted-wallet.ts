/** What would a wallet say? A Wallet that only receives, answers by script, and counts its calls. */
import type { PaymentHash } from '../../src/core/identifiers.js'
import type { IncomingState, SettledIncoming, Wallet, WalletMethod } from '../../src/ports.js'
import type { MerchantWallet } from '../../src/settlement/merchant-wallet.js'
import { unsupportedBy } from '../../src/wallets/unsupported.js'

export interface ScriptedWallet extends Wallet {
  readonly calls: string[]
  /** What is settled, newest first, as `listIncoming` pages it. */
  readonly settledPayments: SettledIncoming[]
  readonly looks: Map<PaymentHash, IncomingState | Error>
  /** While set, every call throws it. */
  fault: Error | null
  push(settled: SettledIncoming): void
  gap(): void
  readonly listens: () => boolean
}

const PAGE = 20

export function createScriptedWallet(
  methods: readonly WalletMethod[] = ['lookupInvoice', 'listIncoming', 'onSettled'],
): ScriptedWallet {
  const calls: string[] = []
  const settledPayments: SettledIncoming[] = []
  const looks = new Map<PaymentHash, IncomingState | Error>()
  let listener: ((settled: SettledIncoming) => void) | null = null
  let onGap: (() => void) | null = null
  const wallet: ScriptedWallet = {
    ...unsupportedBy('till'),
    ...{ name: 'till', methods: new Set(methods), calls, settledPayments, looks, fault: null },
    push: (settled) => listener?.(settled),
    gap: () => onGap?.(),
    listens: () => listener !== null,
    start: async () => undefined,
    getInfo: async () => ({ network: 'regtest', nodeId: null, blockHeight: null, backend: null }),
    async lookupInvoice(hash) {
      calls.push(`lookupInvoice ${hash}`)
      if (wallet.fault) throw wallet.fault
      const seen = looks.get(hash) ?? { state: 'pending' as const }
      if (seen instanceof Error) throw seen
      return seen
    },
    lookupPayment: async () => ({ state: 'not_found' }),
    async listIncoming({ since, cursor }) {
      calls.push(`listIncoming ${since}`)
      if (wallet.fault) throw wallet.fault
      const from = Number(cursor ?? 0)
      const all = settledPayments.filter(({ settledAt }) => settledAt === null || settledAt >= since)
      return { settled: all.slice(from, from + PAGE), cursor: from + PAGE < all.length ? String(from + PAGE) : null }
    },
    payInvoice: async () => ({ type: 'refused', reason: 'it only receives' }),
    onSettled(given, gap) {
      ;[listener, onGap] = [given, gap]
      return () => void ([listener, onGap] = [null, null])
    },
    stop: async () => undefined,
  }
  return wallet
}

/** The part of a merchant wallet that invoicing asks. */
export const scriptedSource = (changes: Partial<MerchantWallet> = {}): MerchantWallet => ({
  name: 'merchantWallet',
  watch: () => undefined,
  unwatch: () => undefined,
  isKnownSettled: () => false,
  listeningSince: () => null,
  refresh: () => undefined,
  stop: () => undefined,
  ...changes,
})

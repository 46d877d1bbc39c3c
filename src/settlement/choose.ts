/** Which way goes the money? Chosen before the offer, by what can complete: without a way, no invoice is shown. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { Challenge, PreimageSourceName } from '../core/job.js'
import type { Msat } from '../core/money.js'
import type { Upstream } from '../core/route.js'
import type { Wallet, WalletInfo, WalletMethod } from '../ports.js'

/** Our own wallet, and what it tells of itself. */
export interface Payer extends Pick<Wallet, 'name' | 'methods' | 'limits'> {
  readonly info: Pick<WalletInfo, 'nodeId' | 'backend' | 'holdBlocks'>
}

export interface SettlementMeans {
  readonly upstream: Pick<Upstream, 'statusEndpoint' | 'merchantWallet' | 'mode' | 'wallet' | 'terms'>
  /** Null where the upstream names no wallet for it; absent where it is not needed. */
  readonly payer?: Payer | null
  /** Of the upstream's invoice. */
  readonly invoice: { readonly payee: string; readonly amountMsat: Msat; readonly minFinalCltv?: number }
  readonly challenge: Pick<Challenge, 'statusUrl'>
  /** Abilities of the merchant wallet; null where none is configured or the invoice is not payable to it. */
  readonly walletMethods: ReadonlySet<WalletMethod> | null
  readonly proofPromised: boolean
}

/** What a wallet must be able to do before a payment can be followed through it. */
export const canFollowPayments = (methods: ReadonlySet<WalletMethod>): boolean =>
  methods.has('lookupInvoice') || methods.has('listIncoming')

export type SettlementPath =
  | { readonly mode: 'passthrough'; readonly sources: readonly PreimageSourceName[] }
  | { readonly mode: 'wrap' | 'resell' }

/** Whether it depends on our own wallet: where a server or wallet tells by itself, it is not asked. */
export function needsPayer(means: SettlementMeans): boolean {
  const { mode, wallet } = means.upstream
  if (mode === 'passthrough' || wallet === null) return false
  return mode !== 'auto' || !isTold(chooseSources(means))
}

const isTold = (sources: readonly PreimageSourceName[] | Rejection): boolean =>
  !isRejection(sources) && sources.some((source) => source !== 'customerProof')

/**
 * What a server or wallet tells by itself comes first, then a hold invoice, then the customer's promise, then resale. What the operator
 * has chosen is taken, or refused with the reason.
 */
export function choosePath(means: SettlementMeans): SettlementPath | Rejection {
  const { mode } = means.upstream
  const told = chooseSources(means)
  const passthrough = isRejection(told) ? null : ({ mode: 'passthrough', sources: told } as const)
  if (mode === 'passthrough') return passthrough ?? noPath(WHY_NO_SOURCE)
  const [noWrap, noResale] = [whyNoWrap(means), whyNoResale(means)]
  if (mode === 'wrap') return noWrap === null ? { mode } : noPath(noWrap)
  if (mode === 'resell') return noResale === null ? { mode } : noPath(noResale)
  if (passthrough && isTold(told)) return passthrough
  if (noWrap === null) return { mode: 'wrap' }
  if (passthrough) return passthrough
  return noResale === null ? { mode: 'resell' } : noPath([WHY_NO_SOURCE, noWrap, noResale].join('; '))
}

const WHY_NO_SOURCE = 'no merchant wallet, no status endpoint, and no proof promised'
const noPath = (why: string): Rejection => rejection('no-settlement-path', why)

/** Without these no hold invoice is made. */
export const NEEDED_TO_WRAP = [
  'getInfo',
  'makeHoldInvoice',
  'settleHoldInvoice',
  'cancelHoldInvoice',
  'lookupInvoice',
  'payInvoice',
  'lookupPayment',
] as const satisfies readonly WalletMethod[]
/** Without these nothing is resold. */
export const NEEDED_TO_RESELL = [
  'makeInvoice',
  'lookupInvoice',
  'payInvoice',
  'lookupPayment',
] as const satisfies readonly WalletMethod[]

/** What keeps a wallet from wrapping anything; null where nothing does. */
export function whyCannotHold({ name, methods }: Pick<Wallet, 'name' | 'methods'>): string | null {
  const missing = NEEDED_TO_WRAP.filter((method) => !methods.has(method))
  return missing.length === 0 ? null : whyUnable(name, methods, missing)
}

/** What a wallet cannot do, it may be forbidden to do; one of which nothing is known has not answered. */
const whyUnable = (name: string, methods: ReadonlySet<WalletMethod>, missing: readonly WalletMethod[]): string =>
  methods.size === 0
    ? `wallet ${name} does not answer`
    : `wallet ${name} does not offer ${missing.join(', ')}: it cannot, or its credential does not allow it`

/** Why a hold invoice would not be safe here; null where it is. */
export function whyNoWrap({ payer, upstream, invoice }: SettlementMeans): string | null {
  if (!payer) return 'no wallet to wrap with'
  const unable = whyCannotHold(payer)
  if (unable !== null) return unable
  if (payer.info.backend === 'ldk') return `wallet ${payer.name} is LDK, which cannot pay a hash that it holds`
  if (payer.info.nodeId === invoice.payee) return `wallet ${payer.name} is the node of the upstream itself`
  const { trusted, maxUntrustedMsat, marginBlocks } = upstream.terms.wrap
  const needed = (invoice.minFinalCltv ?? 0) + 1 + marginBlocks
  if ((payer.info.holdBlocks ?? needed) < needed) {
    return `wallet ${payer.name} holds a payment for ${payer.info.holdBlocks} blocks, and at least ${needed} are needed here`
  }
  if (payer.limits.has('delay') || trusted || invoice.amountMsat <= maxUntrustedMsat) return null
  return `wallet ${payer.name} cannot limit the delay of a payment, and ${invoice.amountMsat} msat is above wrap.maxUntrustedSats`
}

/** Why nothing could be bought with money of our own here; null where it can. */
export function whyNoResale({ payer, upstream, invoice }: SettlementMeans): string | null {
  if (!upstream.terms.resell.enabled) return 'resale is off'
  if (!payer) return 'no wallet to resell with'
  const missing = NEEDED_TO_RESELL.filter((method) => !payer.methods.has(method))
  if (missing.length > 0) return whyUnable(payer.name, payer.methods, missing)
  if (payer.info.nodeId === invoice.payee) return `wallet ${payer.name} is the node of the upstream itself`
  return null
}

/** Every source that applies; all of them run at once. The customer's proof is listened for in any case, and relied on if promised. */
export function chooseSources(
  means: Omit<SettlementMeans, 'payer' | 'invoice'>,
): readonly PreimageSourceName[] | Rejection {
  const sources: PreimageSourceName[] = []
  if (means.walletMethods && canFollowPayments(means.walletMethods)) sources.push('merchantWallet')
  if (means.upstream.statusEndpoint && means.challenge.statusUrl !== null) sources.push('statusEndpoint')
  if (means.proofPromised) sources.push('customerProof')
  if (sources.length > 0) return sources
  return noPath(WHY_NO_SOURCE)
}

/** How will we learn that an invoice was paid? Chosen before the offer; no source, no offer (passthrough). */
import { rejection, type Rejection } from '../core/errors.js'
import type { Challenge, PreimageSourceName } from '../core/job.js'
import type { Upstream } from '../core/route.js'
import type { WalletMethod } from '../ports.js'

export interface SettlementMeans {
  readonly upstream: Pick<Upstream, 'statusEndpoint' | 'merchantWallet'>
  readonly challenge: Pick<Challenge, 'statusUrl'>
  /** Abilities of the merchant wallet; null where none is configured or the invoice is not payable to it. */
  readonly walletMethods: ReadonlySet<WalletMethod> | null
  readonly proofPromised: boolean
}

/** What a wallet must be able to do before a payment can be followed through it. */
export const canFollowPayments = (methods: ReadonlySet<WalletMethod>): boolean =>
  methods.has('lookupInvoice') || methods.has('listIncoming')

/** Every source that applies; all of them run at once. The customer's proof is listened for in any case, and relied on if promised. */
export function chooseSources(means: SettlementMeans): readonly PreimageSourceName[] | Rejection {
  const sources: PreimageSourceName[] = []
  if (means.walletMethods && canFollowPayments(means.walletMethods)) sources.push('merchantWallet')
  if (means.upstream.statusEndpoint && means.challenge.statusUrl !== null) sources.push('statusEndpoint')
  if (means.proofPromised) sources.push('customerProof')
  if (sources.length > 0) return sources
  return rejection('no-settlement-path', 'no merchant wallet, no status endpoint, and no proof promised')
}

/** One paragraph for `tollbridge check`: which path this upstream will use and why. */
export function explainSources(means: SettlementMeans): string {
  const { upstream, challenge, walletMethods } = means
  const wallet = !upstream.merchantWallet
    ? 'No merchant wallet is configured.'
    : walletMethods === null
      ? `The wallet "${upstream.merchantWallet}" does not receive this upstream's payments, so it is not used.`
      : canFollowPayments(walletMethods)
        ? `The wallet "${upstream.merchantWallet}" reports payments${walletMethods.has('onSettled') ? ' at once' : ' when it is swept'}.`
        : `The wallet "${upstream.merchantWallet}" cannot look up invoices, so it is not used.`
  const status = !upstream.statusEndpoint
    ? 'The status endpoint is switched off.'
    : challenge.statusUrl === null
      ? 'The 402 names no status endpoint on its own origin.'
      : 'The 402 names a status endpoint, which is polled.'
  const chosen = chooseSources({ ...means, proofPromised: false })
  const verdict = Array.isArray(chosen)
    ? `Settlement path: passthrough by ${chosen.join(' and ')}.`
    : 'Only jobs that promise a payment proof are served; every other job is answered with no-settlement-path.'
  return [wallet, status, verdict].join(' ')
}

/** Why does the money go the way it goes? One paragraph a route, for `tollbridge check`. */
import { isRejection } from '../core/errors.js'
import { msatFromSats } from '../core/money.js'
import { canFollowPayments, choosePath, whyNoResale, whyNoWrap, type SettlementMeans } from './choose.js'
import { ownPrice } from './purchase-terms.js'

/** `upstreamWallet`: the name of the merchant wallet in the configuration. */
export function explainPath(means: SettlementMeans): string {
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
  return [wallet, status, ...explainPurse(means), verdict(means)].join(' ')
}

/** Of the ways that the mode leaves open. */
function explainPurse(means: SettlementMeans): string[] {
  const { mode, terms } = means.upstream
  if (mode === 'passthrough') return ['The mode is passthrough, so that no invoice of ours is made.']
  const [noWrap, noResale] = [whyNoWrap(means), whyNoResale(means)]
  const until = terms.wrap.settle === 'on-result' ? 'the API has answered' : 'the API is paid'
  const wrap =
    noWrap === null
      ? `Wrap is possible: the wallet holds the customer's payment (a hold invoice) until ${until}.`
      : `A hold invoice is not possible: ${noWrap}.`
  const resale =
    noResale !== null
      ? `Resale is not possible: ${noResale}.`
      : mode === 'auto'
        ? 'Resale is on, for what no other way completes.'
        : 'Resale is on: customers pay you, and the wallet pays the API.'
  return mode === 'wrap' ? [wrap] : mode === 'resell' ? [resale] : [wrap, resale]
}

function verdict(means: SettlementMeans): string {
  const chosen = choosePath({ ...means, proofPromised: false })
  if (isRejection(chosen)) {
    return means.upstream.mode === 'auto' || means.upstream.mode === 'passthrough'
      ? 'Only jobs that promise a payment proof are served (customers who then send the preimage, the receipt of their payment, themselves); every other job is answered with no-settlement-path.'
      : `Every job is answered with no-settlement-path: the mode is ${means.upstream.mode}, and that is not possible.`
  }
  if (chosen.mode === 'passthrough') {
    return `Settlement path: passthrough by ${chosen.sources.join(' and ')}. Customers pay the API itself, and no money passes through here.`
  }
  const path = `Settlement path: ${chosen.mode} with the wallet "${means.payer?.name ?? ''}". ${explainPrice(means)}`
  return chosen.mode === 'resell' ? `${path} ${explainCustody(means)}` : path
}

function explainCustody({ upstream }: SettlementMeans): string {
  const { maxMsat, maxWindowMsat, maxLiabilityMsat, windowMs } = upstream.terms.resell
  const [most, inWindow, open] = [maxMsat, maxWindowMsat, maxLiabilityMsat].map((msat) => msat / 1000)
  return (
    `This is custody: the money of customers is yours for moments, up to ${open} sats at one time; a job may cost ${most} sats, ` +
    `all of them ${inWindow} sats in ${windowMs / 3_600_000} hours. What cannot be used goes back, or is owed: jobs list --owed.`
  )
}

/** What a wallet may pay in fees that cannot be told how much: the usual of the field. */
const USUAL_FEES = { feePpm: 10_000, minFeeMsat: msatFromSats(10) }

function explainPrice({ upstream: { terms }, invoice: { amountMsat }, payer }: SettlementMeans): string {
  const { amountMsat: due, maxFeeMsat } = ownPrice(amountMsat, terms)
  const price = `A customer pays ${due / 1000} sats, of which ${maxFeeMsat / 1000} are for routing fees.`
  const usual = ownPrice(amountMsat, { ...terms, ...USUAL_FEES }).maxFeeMsat
  if (!payer || payer.limits.has('fee') || maxFeeMsat >= usual) return price
  return `${price} The wallet cannot limit the fees, which may be ${usual / 1000} sats: raise fees.`
}

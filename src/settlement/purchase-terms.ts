/** What must the customer pay us so that we can pay the upstream, and can it be safe? Pure rules, before anything is made. */
import { rejection, type Rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import { ppmRoundedUp, sumToWholeSats, type Msat } from '../core/money.js'
import type { PurchaseTerms } from '../core/route.js'

/** Blocks that a route is taken to need where the wallet cannot estimate it; a payee that wants more is refused then. */
const UNKNOWN_ROUTE_BLOCKS = 288
/** An estimate holds for the moment: until we pay, blocks come, and nodes add a few of their own to the last delta. */
const SLACK_BLOCKS = 9
const LONGEST_RESALE_S = 3_600

export interface UpstreamInvoice {
  readonly amountMsat: Msat
  readonly expiresAt: Millis
  readonly minFinalCltv: number
}

export interface OwnInvoiceTerms {
  readonly amountMsat: Msat
  readonly maxFeeMsat: Msat
  readonly expirySeconds: number
}

export interface HoldTerms extends OwnInvoiceTerms {
  /** BOLT11 `c` of the hold invoice. */
  readonly minCltvDelta: number
}

interface Question {
  readonly invoice: UpstreamInvoice
  readonly terms: PurchaseTerms
  readonly now: Millis
  /** The customer must have so long to pay. */
  readonly paymentWindowMs: Millis
}

/** `routeBlocks`: an estimate of the route to the payee, its own delta not included; null where there is none. */
export function termsOfHold({
  routeBlocks,
  ...question
}: Question & { readonly routeBlocks: number | null }): HoldTerms | Rejection {
  const { invoice, terms } = question
  const { marginBlocks, maxDelayBlocks, maxExpirySeconds, bufferSeconds } = terms.wrap
  const { minFinalCltv } = invoice
  if (routeBlocks === null && minFinalCltv > UNKNOWN_ROUTE_BLOCKS) {
    return rejection('no-settlement-path', `the invoice asks for ${minFinalCltv} blocks, and the route is not known`)
  }
  // Ours must outlast the upstream's: whoever keeps us waiting to the end must not be able to let the customer's payment lapse first.
  const minCltvDelta =
    (routeBlocks ?? UNKNOWN_ROUTE_BLOCKS) + minFinalCltv + marginBlocks + (routeBlocks === null ? 0 : SLACK_BLOCKS)
  if (minCltvDelta > maxDelayBlocks) {
    return rejection(
      'no-settlement-path',
      `a payment could be under way for ${minCltvDelta} blocks, at most ${maxDelayBlocks}`,
    )
  }
  const own = ownInvoice(question, { bufferSeconds, longest: maxExpirySeconds })
  return 'rejected' in own ? own : { ...own, minCltvDelta }
}

export const termsOfResale = (question: Question): OwnInvoiceTerms | Rejection =>
  ownInvoice(question, { bufferSeconds: question.terms.resell.bufferSeconds, longest: LONGEST_RESALE_S })

function ownInvoice(
  { invoice, terms, now, paymentWindowMs }: Question,
  { bufferSeconds, longest }: { readonly bufferSeconds: number; readonly longest: number },
): OwnInvoiceTerms | Rejection {
  const { amountMsat } = invoice
  // Ours expires first: whatever is paid to us can still be paid on.
  const expirySeconds = Math.min(longest, Math.floor((invoice.expiresAt - now) / 1000) - bufferSeconds)
  if (expirySeconds * 1000 < paymentWindowMs) {
    return rejection(
      'invoice-invalid',
      `the invoice expires too soon to be paid after ours, which needs ${bufferSeconds} s`,
    )
  }
  return { ...ownPrice(amountMsat, terms), expirySeconds }
}

/** The upstream's price with the fees that a payment of it may cost, and the markup, rounded up to a whole sat once. */
export function ownPrice(
  priceMsat: Msat,
  { feePpm, minFeeMsat, markupMsat, markupPpm }: PurchaseTerms,
): Pick<OwnInvoiceTerms, 'amountMsat' | 'maxFeeMsat'> {
  const maxFeeMsat = Math.max(ppmRoundedUp(priceMsat, feePpm), minFeeMsat) as Msat
  const markup = ppmRoundedUp(priceMsat, markupPpm)
  return { amountMsat: sumToWholeSats(priceMsat, maxFeeMsat, markupMsat, markup), maxFeeMsat }
}

export interface HeldPayment {
  readonly settleDeadline: number | null
  readonly blockHeight: number | null
}

/**
 * Blocks that our payment may be under way, so that the hold outlasts it by the margin; why it must not be paid, otherwise. Null where
 * the wallet does not tell and the upstream is trusted.
 */
export function delayLeft(
  hold: HeldPayment,
  purchase: { readonly minFinalCltv: number; readonly marginBlocks: number },
  trusted: boolean,
): number | null | Rejection {
  if (hold.settleDeadline === null || hold.blockHeight === null) {
    if (trusted) return null
    return rejection('upstream-unpayable', 'the wallet does not tell how long the payment can be held')
  }
  const left = hold.settleDeadline - hold.blockHeight - purchase.marginBlocks
  if (left >= purchase.minFinalCltv + 1) return left
  return rejection(
    'upstream-unpayable',
    `the payment is held for too few blocks: ${left} are left, ${purchase.minFinalCltv + 1} are needed`,
  )
}

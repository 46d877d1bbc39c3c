/** What does the customer pay when it is not the upstream's own invoice? A hold invoice on its hash, or one of ours. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import { isMalformed, type Malformed } from '../core/identifiers.js'
import type { Challenge, Invoicing, Offer, Purchase } from '../core/job.js'
import type { Upstream } from '../core/route.js'
import { decodeInvoice, type Invoice } from '../l402/invoice.js'
import type { PayableInvoice } from '../l402/verify-offer.js'
import { termsOfHold, termsOfResale, type HoldTerms, type OwnInvoiceTerms } from '../settlement/purchase-terms.js'
import type { Purse } from '../settlement/purse.js'
import type { StepContext } from './context.js'

const DESCRIPTION = 'A call of a paid API, by Nostr'

interface Request {
  readonly job: Invoicing
  readonly settings: Upstream
  readonly purse: Purse
  readonly challenge: Challenge
  readonly upstreamInvoice: PayableInvoice
}

/** The offer that shows an invoice of our wallet. @throws where the wallet does not answer. */
export async function makeOwnOffer(
  context: StepContext,
  mode: 'wrap' | 'resell',
  request: Request,
): Promise<Offer | Rejection> {
  const { job, upstreamInvoice: invoice, settings } = request
  const terms = await (mode === 'wrap' ? holdTerms(context, request) : resaleTerms(context, request))
  if (isRejection(terms)) return terms
  if (job.bidMsat !== null && terms.amountMsat > job.bidMsat) {
    return rejection('price-exceeds-bid', `${terms.amountMsat} msat with fees and markup, the bid is ${job.bidMsat}`)
  }
  const purchase = purchaseOf(request, mode, terms)
  if (mode === 'resell') {
    const costMsat = (invoice.amountMsat + terms.maxFeeMsat) as typeof terms.maxFeeMsat
    const objection = context.exposure.objectionToResale(settings, job, terms.amountMsat, costMsat)
    if (objection) return objection
  }
  const made = await (isHold(terms) ? makeHold(request, terms) : makeOwn(request, terms))
  if (isRejection(made)) return made
  const own = provenInvoice(context, mode, { bolt11: made, terms, upstreamInvoice: invoice })
  // No fault of the API, and none that the next job would not meet.
  if (isMalformed(own)) return rejection('no-settlement-path', `our own wallet: ${own.malformed}`)
  return {
    scheme: request.challenge.scheme,
    bolt11: made,
    paymentHash: own.paymentHash,
    amountMsat: terms.amountMsat,
    payee: own.payee,
    issuedAt: own.timestamp,
    expiresAt: own.expiresAt,
    offeredAt: context.clock.now(),
    sources: sourcesOf(mode, request.settings),
    purchase,
  }
}

function sourcesOf(mode: 'wrap' | 'resell', { terms }: Upstream): Offer['sources'] {
  if (mode === 'wrap') return ['holdInvoice']
  return terms.resell.zaps ? ['ownInvoice', 'zap'] : ['ownInvoice']
}

async function holdTerms(
  context: StepContext,
  { job, settings, purse, upstreamInvoice }: Request,
): Promise<HoldTerms | Rejection> {
  const { wallet } = purse
  const { payee, amountMsat } = upstreamInvoice
  const { exposure } = context
  if (exposure.isHalted(settings.name)) {
    return rejection('at-capacity', 'an earlier payment to the upstream nears its deadline')
  }
  if (exposure.underWayTo(payee) >= settings.terms.wrap.maxUnderWay) {
    return rejection('at-capacity', 'wrap.maxUnderWay is reached')
  }
  if (!exposure.takeSlot(job, settings.terms.wrap.maxHolds)) {
    return rejection('at-capacity', 'wrap.maxHolds is reached')
  }
  const routeBlocks = wallet.methods.has('estimateDelay') ? await wallet.estimateDelay(payee, amountMsat) : null
  return termsOfHold({ ...question(context, settings, upstreamInvoice), routeBlocks })
}

const resaleTerms = async (
  context: StepContext,
  { settings, upstreamInvoice }: Request,
): Promise<OwnInvoiceTerms | Rejection> => termsOfResale(question(context, settings, upstreamInvoice))

const question = ({ clock, settings }: StepContext, upstream: Upstream, invoice: PayableInvoice) => ({
  invoice,
  terms: upstream.terms,
  now: clock.now(),
  paymentWindowMs: settings.paymentWindowMs,
})

const isHold = (terms: OwnInvoiceTerms | HoldTerms): terms is HoldTerms => 'minCltvDelta' in terms

async function makeHold({ purse, upstreamInvoice }: Request, terms: HoldTerms): Promise<string | Rejection> {
  const { amountMsat, expirySeconds, minCltvDelta } = terms
  const { paymentHash } = upstreamInvoice
  // ORDER: what is made and not saved has been shown to nobody: after a crash it expires unpaid, or is given again.
  const description = DESCRIPTION
  const made = await purse.wallet.makeHoldInvoice({ paymentHash, amountMsat, description, expirySeconds, minCltvDelta })
  if (made.type === 'made') return made.bolt11
  return rejection('no-settlement-path', `wallet ${purse.wallet.name} has an invoice on this payment hash already`)
}

async function makeOwn({ purse }: Request, { amountMsat, expirySeconds }: OwnInvoiceTerms): Promise<string> {
  const { bolt11 } = await purse.wallet.makeInvoice({ amountMsat, expirySeconds, description: DESCRIPTION })
  return bolt11
}

const purchaseOf = (
  { settings, purse, upstreamInvoice, challenge }: Request,
  mode: 'wrap' | 'resell',
  { maxFeeMsat }: OwnInvoiceTerms,
): Purchase => ({
  mode,
  wallet: purse.wallet.name,
  bolt11: challenge.bolt11,
  paymentHash: upstreamInvoice.paymentHash,
  amountMsat: upstreamInvoice.amountMsat,
  payee: upstreamInvoice.payee,
  expiresAt: upstreamInvoice.expiresAt,
  minFinalCltv: upstreamInvoice.minFinalCltv,
  maxFeeMsat,
  marginBlocks: settings.terms.wrap.marginBlocks,
  settle: settings.terms.wrap.settle,
  maxHoldMs: settings.terms.wrap.maxHoldMs,
})

/** Our wallet is asked, and not believed: what it gave is read like any other invoice. */
function provenInvoice(
  { settings }: StepContext,
  mode: 'wrap' | 'resell',
  {
    bolt11,
    terms,
    upstreamInvoice,
  }: { readonly bolt11: string; readonly terms: OwnInvoiceTerms; readonly upstreamInvoice: PayableInvoice },
): Invoice | Malformed {
  const own = decodeInvoice(bolt11)
  if (isMalformed(own)) return own
  const wrong = (malformed: string): Malformed => ({ malformed })
  if (own.network !== settings.network) return wrong(`it is on ${own.network}`)
  if (own.amountMsat !== terms.amountMsat) return wrong('it made an invoice for another amount')
  const isOnHash = own.paymentHash === upstreamInvoice.paymentHash
  if (isOnHash !== (mode === 'wrap')) return wrong('it made an invoice on another payment hash')
  if (own.payee === upstreamInvoice.payee) return wrong('it is the node of the upstream itself')
  // Wallets ignore what they do not know: whatever is paid to it would be held for too few blocks.
  if (isHold(terms) && own.minFinalCltv < terms.minCltvDelta) {
    return wrong(`it gives ${own.minFinalCltv} blocks, ${terms.minCltvDelta} were asked for`)
  }
  if (own.expiresAt > upstreamInvoice.expiresAt) return wrong('its invoice outlives that of the upstream')
  return own
}

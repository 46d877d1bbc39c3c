/** Can the customer pay for this one call, and not for a bundle of credit? Only where the server is known to offer it. */
import { isMalformed } from '../core/identifiers.js'
import type { Challenge, Invoicing } from '../core/job.js'
import { satsRoundedUp, type Msat } from '../core/money.js'
import type { Route } from '../core/route.js'
import { buildCreateInvoice, CREATE_INVOICE_PATH, parseCreatedInvoice, parsePriceHeader } from '../l402/exact-price.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { StepContext, UpstreamBinding } from './context.js'

/** The exact-price challenge, or the one that the 402 brought where the server has none to offer. */
export async function exactPriceChallenge(
  context: StepContext,
  binding: UpstreamBinding,
  route: Route,
  job: Invoicing,
): Promise<Challenge> {
  const { exactPrice } = binding.settings
  const { challenge } = job
  // Never a blind probe: either the operator says so, or the body of the 402 is of a server known to do it.
  if (exactPrice === null || (exactPrice === 'auto' && !challenge.offersExactPrice)) return challenge
  const price = route.priceMsat ?? challenge.callPriceMsat ?? (await askPrice(binding, job))
  if (price === null) return challenge
  const bundle = decodeInvoice(challenge.bolt11)
  if (!isMalformed(bundle) && bundle.amountMsat !== null && bundle.amountMsat <= price) return challenge
  const path = exactPrice === 'auto' ? CREATE_INVOICE_PATH : exactPrice.createInvoicePath
  const minted = await mint(binding, path, price, challenge)
  if (minted === null)
    context.log.info({ job: job.id, upstream: binding.settings.name }, 'no exact price, bundle offered')
  return minted ?? challenge
}

/** HEAD on a recognised gate names the price and mints no invoice. */
async function askPrice({ client }: UpstreamBinding, job: Invoicing): Promise<Msat | null> {
  const outcome = await client.send({ method: 'HEAD', target: job.call.target, headers: {}, body: null })
  if (outcome.type !== 'response' || outcome.status !== 402) return null
  return parsePriceHeader(outcome.headers)
}

async function mint(
  { client }: UpstreamBinding,
  path: string,
  price: Msat,
  challenge: Challenge,
): Promise<Challenge | null> {
  const outcome = await client.send({
    method: 'POST',
    target: path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: buildCreateInvoice(satsRoundedUp(price)),
  })
  if (outcome.type !== 'response' || outcome.status !== 200) return null
  const created = parseCreatedInvoice(outcome.body, (reference) => client.sameOriginTarget(reference))
  if (isMalformed(created)) return null
  const invoice = decodeInvoice(created.bolt11)
  if (isMalformed(invoice) || invoice.amountMsat === null || invoice.amountMsat > satsRoundedUp(price) * 1000)
    return null
  return { ...challenge, ...created }
}

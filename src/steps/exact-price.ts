/** Can the customer pay for this one call, and not for a bundle of credit? Only where the server is known to offer it. */
import { isMalformed } from '../core/identifiers.js'
import type { Challenge, Invoicing } from '../core/job.js'
import { satsRoundedUp, type Msat } from '../core/money.js'
import type { Route, Upstream } from '../core/route.js'
import { withPrefix } from '../l402/challenge.js'
import { isReusable } from '../l402/credential.js'
import { buildCreateInvoice, CREATE_INVOICE_PATH, parseCreatedInvoice, parsePriceHeader } from '../l402/exact-price.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { UpstreamClient } from '../ports.js'
import type { StepContext, UpstreamBinding } from './context.js'

/** The exact-price challenge, or the one that the 402 brought where the server has none to offer. */
export async function exactPriceChallenge(
  context: StepContext,
  { settings, client }: UpstreamBinding,
  route: Route,
  job: Invoicing,
): Promise<Challenge> {
  const { challenge } = job
  const exact = await askExactPrice({ upstream: settings, client, route, target: job.call.target, challenge })
  if (exact === 'none') context.log.info({ job: job.id, upstream: settings.name }, 'no exact price, bundle offered')
  return typeof exact === 'string' ? challenge : exact
}

/** `notOffered`: the server is not known to have one, or the 402 asks for no more already. `none`: it was asked, and has none. */
export async function askExactPrice(call: {
  readonly upstream: Upstream
  readonly client: UpstreamClient
  readonly route: Route
  readonly target: string
  readonly challenge: Challenge
}): Promise<Challenge | 'notOffered' | 'none'> {
  const { client, route, target, challenge } = call
  const { exactPrice, statusPrefix = null } = call.upstream
  // A charge is for the call already.
  if (!isReusable(challenge.scheme)) return 'notOffered'
  // Never a blind probe: either the operator says so, or the body of the 402 is of a server known to do it.
  if (exactPrice === null || (exactPrice === 'auto' && !challenge.offersExactPrice)) return 'notOffered'
  const price = route.priceMsat ?? challenge.callPriceMsat ?? (await askPrice(client, target))
  if (price === null) return 'notOffered'
  const bundle = decodeInvoice(challenge.bolt11)
  if (!isMalformed(bundle) && bundle.amountMsat !== null && bundle.amountMsat <= price) return 'notOffered'
  const path = exactPrice === 'auto' ? withPrefix(statusPrefix, CREATE_INVOICE_PATH) : exactPrice.createInvoicePath
  return (await mint({ client, path, price, challenge, prefix: statusPrefix })) ?? 'none'
}

/** HEAD on a recognised gate names the price and mints no invoice. */
async function askPrice(client: UpstreamClient, target: string): Promise<Msat | null> {
  const outcome = await client.send({ method: 'HEAD', target, headers: {}, body: null })
  if (outcome.type !== 'response' || outcome.status !== 402) return null
  return parsePriceHeader(outcome.headers)
}

async function mint(asked: {
  readonly client: UpstreamClient
  readonly path: string
  readonly price: Msat
  readonly challenge: Challenge
  readonly prefix: string | null
}): Promise<Challenge | null> {
  const { client, path, price, challenge, prefix } = asked
  const outcome = await client.send({
    method: 'POST',
    target: path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: buildCreateInvoice(satsRoundedUp(price)),
  })
  if (outcome.type !== 'response' || outcome.status !== 200) return null
  const created = parseCreatedInvoice(outcome.body, (reference) =>
    client.sameOriginTarget(withPrefix(prefix, reference)),
  )
  if (isMalformed(created)) return null
  const invoice = decodeInvoice(created.bolt11)
  if (isMalformed(invoice) || invoice.amountMsat === null || invoice.amountMsat > satsRoundedUp(price) * 1000)
    return null
  return { ...challenge, ...created }
}

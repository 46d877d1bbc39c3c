/** What does the scheme `Payment` look like that toll-booth offers beside L402? A charge for one call, with an invoice of its own. */
import { createHash, createHmac } from 'node:crypto'
import { msatFromSats } from '../../../core/money.js'
import type { Till } from '../till.js'

export interface PaymentOffer {
  /** The challenge, to be joined to the others in one header. */
  readonly challenge: string
  /** Its part of the body. */
  readonly body: object
}

const REALM = 'demo'
const EXPIRY_MS = 900_000

/** The server keeps nothing of it: the id is an HMAC over the other parameters. */
export async function offerPayment({ node, rootKey, priceSats }: Till, network: string): Promise<PaymentOffer> {
  const amountSats = priceSats()
  const { bolt11, paymentHash } = await node.makeInvoice({
    amountMsat: msatFromSats(amountSats),
    description: 'Pay per request',
    expirySeconds: EXPIRY_MS / 1000,
  })
  const methodDetails = { invoice: bolt11, network, paymentHash }
  const request = Buffer.from(JSON.stringify({ amount: String(amountSats), currency: 'sat', methodDetails }))
  const terms = { realm: REALM, method: 'lightning', intent: 'charge', request: request.toString('base64url') }
  const expires = new Date(Date.now() + EXPIRY_MS).toISOString()
  const key = createHash('sha256').update('gateway-payment-hmac').update(rootKey).digest()
  const id = createHmac('sha256', key)
    .update([...Object.values(terms), expires, '', ''].join('|'))
    .digest('base64url')
  const parameters = Object.entries({ id, ...terms, expires }).map(([name, value]) => `${name}="${value}"`)
  return {
    challenge: `Payment ${parameters.join(', ')}`,
    body: {
      scheme: 'Payment',
      description: 'Pay per request (IETF standard, stateless)',
      method: 'lightning',
      intent: 'charge',
      payment_hash: paymentHash,
      amount_sats: amountSats,
    },
  }
}

/** Can exactly this call be bought, and not a bundle of credit? The price of a HEAD, and an invoice made to measure. */
import { isMalformed, malformed, parsePaymentHash, type Malformed } from '../core/identifiers.js'
import type { Challenge } from '../core/job.js'
import type { Msat } from '../core/money.js'
import { parseJsonObject, parseSats } from './challenge-body.js'
import { isToken } from './credential.js'

/** Where toll-booth mounts it unless its operator chose another place. */
export const CREATE_INVOICE_PATH = '/create-invoice'

/** Body of the POST, as `application/json`. Whole sats: the server knows nothing finer. */
export const buildCreateInvoice = (amountSats: number): string => JSON.stringify({ amountSats })

/** `X-L402-Price-Sats` of a 402 to HEAD; null where it is absent, said twice, or no whole number. */
export function parsePriceHeader(headers: Readonly<Record<string, readonly string[]>>): Msat | null {
  const values = headers['x-l402-price-sats'] ?? []
  if (values.length !== 1) return null
  const price = parseSats(values[0]?.trim())
  return isMalformed(price) ? null : price
}

/**
 * The answer to create-invoice as a challenge, to be verified as any other: bytes of JSON, or what has been parsed from them.
 * Here the invoice goes by the name `bolt11`, and the status token stands in `payment_url` only.
 */
export function parseCreatedInvoice(
  json: unknown,
  sameOriginTarget: (reference: string) => string | null,
): Challenge | Malformed {
  const fields = parseJsonObject(json)
  if (fields === null) return malformed('the created invoice is not a JSON object')
  const { macaroon, payment_url: paymentUrl } = fields
  const bolt11 = fields['bolt11'] ?? fields['invoice']
  if (typeof bolt11 !== 'string' || !/^ln[a-z0-9]{1,4094}$/i.test(bolt11)) {
    return malformed('the created invoice has no BOLT11 string')
  }
  if (typeof macaroon !== 'string' || !isToken(macaroon)) return malformed('the created invoice has no usable macaroon')
  const paymentHash = parsePaymentHash(fields['payment_hash'])
  if (isMalformed(paymentHash)) return paymentHash
  const amountMsat = parseSats(fields['amount_sats'])
  if (isMalformed(amountMsat)) return amountMsat
  return {
    scheme: 'L402',
    token: macaroon,
    bolt11: bolt11.toLowerCase(),
    statusUrl: typeof paymentUrl === 'string' ? sameOriginTarget(paymentUrl) : null,
    callPriceMsat: amountMsat,
    offersExactPrice: true,
    claimed: { paymentHash, amountMsat },
  }
}

/** What does an x402 challenge ask for, where it takes Lightning? Its invoice, and the header that names it when it is paid. */
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { parseMsat } from '../core/money.js'
import { parseJsonObject } from './challenge-body.js'
import type { SchemeOffer } from './payment-scheme.js'

/** In base64 it must fit into a header that any server reads. */
const MOST_CHARS = 5_600
const MOST_ENTRIES = 32
/** CAIP-2: the first characters of the genesis block. */
const PREFIXES: ReadonlyMap<string, RegExp> = new Map([
  ['bip122:000000000019d6689c085ae165831e93', /^lnbc[0-9]/],
  ['bip122:000000000933ea01ad0ee984209779ba', /^lntb[0-9]/],
])

/**
 * Null where the header is absent or offers no Lightning. `token` is the whole value of the answering header: there is no preimage in
 * it, so whoever knows the challenge can present it once the invoice is paid.
 */
export function parseX402(header: string | null): SchemeOffer | null | Malformed {
  if (header === null) return null
  const root = parseJsonObject(Buffer.from(header, 'base64'))
  if (root === null || root['x402Version'] !== 2 || !Array.isArray(root['accepts'])) return null
  const accepted = (root['accepts'] as unknown[])
    .slice(0, MOST_ENTRIES)
    .map(parseJsonObject)
    .find((entry) => parseJsonObject(entry?.['extra'])?.['paymentMethod'] === 'lightning')
  if (!accepted) return null
  const { scheme, network, amount, payTo } = accepted
  const invoice = parseJsonObject(accepted['extra'])?.['invoice']
  if (scheme !== 'exact' || typeof network !== 'string' || typeof invoice !== 'string') {
    return malformed('the x402 challenge is not whole')
  }
  const bolt11 = invoice.toLowerCase()
  if (PREFIXES.get(network)?.test(bolt11) === false) {
    return malformed('the x402 challenge names another network than its invoice')
  }
  const amountMsat = parseMsat(amount)
  if (isMalformed(amountMsat)) return malformed('the amount of the x402 challenge is no whole number of millisats')
  const resource = parseJsonObject(root['resource'])
  const payment = stringify({
    x402Version: 2,
    ...{ scheme, network, accepted, payload: { invoice } },
    ...(resource ? { resource } : {}),
  })
  if (payment === null || payment.length > MOST_CHARS) return malformed('the x402 challenge is too long')
  const payee = typeof payTo === 'string' && /^0[23][0-9a-f]{64}$/i.test(payTo) ? { payee: payTo.toLowerCase() } : {}
  const token = Buffer.from(payment).toString('base64')
  return { scheme: 'x402', token, bolt11, claimed: { paymentHash: null, amountMsat, ...payee } }
}

/** Null for what is nested too deep to be written again. */
function stringify(value: object): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

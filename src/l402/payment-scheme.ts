/** What does a challenge of the scheme `Payment` ask for, where it is one charge over Lightning? Read, and answered with all it said. */
import { isMalformed, malformed, parsePaymentHash, type Malformed, type Millis } from '../core/identifiers.js'
import type { Challenge } from '../core/job.js'
import type { AuthChallenge } from './auth-header.js'
import { parseJsonObject, parseSats } from './challenge-body.js'

/** What one offer of a 402 comes to, whatever its scheme. */
export type SchemeOffer = Pick<Challenge, 'scheme' | 'token' | 'bolt11'> & { readonly claimed?: Challenge['claimed'] }

/** It travels back in a header, encoded once more. */
const MOST_CHARS = 4_800
const PREFIXES: Readonly<Record<string, string>> = { mainnet: 'bc', testnet: 'tb', signet: 'tbs', regtest: 'bcrt' }

/** Null for a challenge of another method or intent. The token is the whole challenge, in canonical JSON (RFC 8785). */
export function parsePaymentChallenge({ params }: AuthChallenge): SchemeOffer | null | Malformed {
  const values = new Map(params)
  if (values.get('method') !== 'lightning' || values.get('intent') !== 'charge') return null
  if (values.size !== params.length) return malformed('the Payment challenge names a parameter twice')
  const request = values.get('request') ?? ''
  if (!values.get('id') || !/^[A-Za-z0-9_-]+=*$/.test(request)) return malformed('the Payment challenge is not whole')
  const expires = values.get('expires')
  if (expires !== undefined && parseTime(expires) === null) return malformed('the Payment challenge has no such expiry')
  const token = JSON.stringify(Object.fromEntries([...values].sort(([a], [b]) => (a < b ? -1 : 1))))
  if (token.length > MOST_CHARS) return malformed('the Payment challenge is too long')
  const charge = parseCharge(request)
  return isMalformed(charge) ? charge : { scheme: 'Payment', token, ...charge }
}

/** The amount is in sats, as a string of digits; the invoice stands in the details of the method. */
function parseCharge(request: string): Pick<SchemeOffer, 'bolt11' | 'claimed'> | Malformed {
  const fields = parseJsonObject(Buffer.from(request, 'base64url'))
  const details = parseJsonObject(fields?.['methodDetails'])
  if (fields === null || details === null) return malformed('the request of the Payment challenge cannot be read')
  if (fields['currency'] !== 'sat' || typeof fields['amount'] !== 'string') {
    return malformed('the Payment challenge does not ask for sats')
  }
  const amountMsat = parseSats(fields['amount'])
  if (isMalformed(amountMsat)) return malformed('the amount of the Payment challenge is no whole number of sats')
  const { invoice, network, paymentHash: hash } = details
  if (typeof invoice !== 'string') return malformed('the Payment challenge carries no invoice')
  const bolt11 = invoice.toLowerCase()
  if (network !== undefined && !isOfNetwork(bolt11, network)) {
    return malformed('the Payment challenge names another network than its invoice')
  }
  const paymentHash = hash === undefined ? null : parsePaymentHash(hash)
  if (isMalformed(paymentHash)) return paymentHash
  return { bolt11, claimed: { paymentHash, amountMsat } }
}

const isOfNetwork = (bolt11: string, network: unknown): boolean =>
  typeof network === 'string' && /^ln(bcrt|bc|tbs|tb)[0-9]/.exec(bolt11)?.[1] === PREFIXES[network]

/** RFC 3339. */
function parseTime(text: string): Millis | null {
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(time) ? null : time
}

/** When the server will no longer take the credential; null where it does not say. */
export function paymentExpiry(token: string): Millis | null {
  const expires = parseJsonObject(Buffer.from(token))?.['expires']
  return typeof expires === 'string' ? parseTime(expires) : null
}

/** The server keeps nothing of its challenge: every parameter goes back to it as it came. */
export const paymentCredential = (token: string, preimage: string): string =>
  Buffer.from(`{"challenge":${token},"payload":{"preimage":"${preimage}"}}`).toString('base64url')

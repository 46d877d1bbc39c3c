/** How does a server sell one call by the scheme `Payment`? A charge with an invoice of its own, proven by its preimage, good once. */
import { createHash, createHmac } from 'node:crypto'
import { parseJsonObject, type Answer, type GateRequest } from '../answer.js'
import type { Credential, Dialect } from '../dialect.js'
import { isPreimageOf, type Charge, type Till } from '../till.js'

export interface PaymentOffer {
  readonly charge: Charge
  /** The challenge, to be joined to others in one header, or on a line of its own. */
  readonly challenge: string
}

const REALM = 'demo'
const PARAMETERS = ['realm', 'method', 'intent', 'request', 'expires', 'digest', 'opaque'] as const

/** The server keeps nothing of the challenge: the id is an HMAC over its other parameters. */
export async function offerPayment(till: Till, { path }: Pick<GateRequest, 'path'>): Promise<PaymentOffer> {
  const { paymentExpirySeconds, paymentIntent } = till.settings
  const amountSats = till.priceSats()
  const charge = await till.charge({
    amountSats,
    description: 'Pay per request',
    ...(paymentExpirySeconds > 0 ? { expirySeconds: paymentExpirySeconds } : {}),
    rail: 'payment',
    mintToken: () => '',
  })
  const methodDetails = { invoice: charge.bolt11, network: 'regtest', paymentHash: charge.paymentHash }
  const asked = { amount: String(amountSats), currency: 'sat', methodDetails, resource: path }
  const request = Buffer.from(JSON.stringify(asked)).toString('base64url')
  const expires = new Date(Date.now() + paymentExpirySeconds * 1000).toISOString()
  const terms = { realm: REALM, method: 'lightning', intent: paymentIntent, request, expires }
  const parameters = { id: idOf(till, terms), ...terms }
  const written = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
  return { charge, challenge: `Payment ${written.join(', ')}` }
}

function idOf({ rootKey }: Till, terms: Readonly<Record<string, unknown>>): string {
  const key = createHash('sha256').update('gateway-payment-hmac').update(rootKey).digest()
  const said = PARAMETERS.map((name) => (typeof terms[name] === 'string' ? terms[name] : ''))
  return createHmac('sha256', key).update(said.join('|')).digest('base64url')
}

/** The token is the challenge as it came back. */
export function readPayment({ authorizations }: GateRequest): Credential | null {
  const [, coded = ''] = /^Payment ([A-Za-z0-9_-]+)$/.exec(authorizations.at(-1) ?? '') ?? []
  const fields = parseJsonObject(Buffer.from(coded, 'base64url'))
  const preimage = objectOf(fields?.['payload'])?.['preimage']
  const challenge = objectOf(fields?.['challenge'])
  return challenge && typeof preimage === 'string' ? { token: JSON.stringify(challenge), key: preimage } : null
}

const objectOf = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null ? { ...value } : null

/** Null unless every parameter is as it was sent, and in time, and the preimage is that of its invoice. */
export function verifyPayment(till: Till, { token, key }: Credential, { path }: GateRequest): Charge | null {
  const terms = parseJsonObject(Buffer.from(token))
  if (!terms || terms['id'] !== idOf(till, terms) || !(Date.parse(String(terms['expires'])) > Date.now())) return null
  const asked = parseJsonObject(Buffer.from(String(terms['request']), 'base64url'))
  const hash = objectOf(asked?.['methodDetails'])?.['paymentHash']
  const charge = typeof hash === 'string' && asked?.['resource'] === path ? till.find(hash) : undefined
  return charge?.rail === 'payment' && isPreimageOf(charge, key) ? charge : null
}

/** One call, and a receipt with it. */
export function admitPayment({ uses, paymentHash }: Charge): Answer['headers'] | null {
  if (uses > 0) return null
  const receipt = {
    status: 'success',
    method: 'lightning',
    timestamp: new Date().toISOString(),
    reference: paymentHash,
  }
  const coded = Buffer.from(JSON.stringify(receipt)).toString('base64url')
  return { 'Payment-Receipt': coded, 'Cache-Control': 'private' }
}

export const PROBLEM = {
  type: 'https://paymentauth.org/problems/payment-required',
  title: 'Payment Required',
  status: 402,
}

/** A second rail beside that of the dialect. `isOn`: whether its credentials are taken. */
export const withPayment = (dialect: Dialect, isOn: (till: Till) => boolean): Dialect => ({
  ...dialect,
  readCredential: (request) => readPayment(request) ?? dialect.readCredential(request),
  verify(till, credential, request) {
    if (!credential.token.startsWith('{')) return dialect.verify(till, credential, request)
    return isOn(till) ? verifyPayment(till, credential, request) : null
  },
  admit: (till, charge) => (charge.rail === 'payment' ? admitPayment(charge) : dialect.admit(till, charge)),
})

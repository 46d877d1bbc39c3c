/** How does a server sell by x402 over Lightning? Its terms in one header; the invoice itself is the credential, looked up and good once. */
import { parseJsonObject, textAnswer, type Answer, type GateRequest } from '../answer.js'
import type { Credential, Dialect } from '../dialect.js'
import type { Charge, Till } from '../till.js'

const NETWORK = 'bip122:0f9188f13cb7b2c71f2a335e3a4fc328'
const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')

const requirementsOf = ({ bolt11, amountSats }: Charge, { settings }: Till): object => ({
  scheme: 'exact',
  network: NETWORK,
  amount: String(amountSats * 1000),
  asset: 'BTC',
  payTo: 'anonymous',
  maxTimeoutSeconds: settings.invoiceExpirySeconds,
  extra: { paymentMethod: 'lightning', invoice: bolt11 },
})

/** What else is for sale in the same header. */
const STABLECOIN = { scheme: 'exact', network: 'eip155:8453', amount: '20000', asset: '0x00', payTo: '0x01', extra: {} }

export const x402: Dialect = {
  readCredential({ headers }: GateRequest): Credential | null {
    const payment = parseJsonObject(Buffer.from(String(headers['payment-signature'] ?? ''), 'base64'))
    const accepted = payment?.['accepted'] as { extra?: { invoice?: unknown } } | undefined
    const invoice = (payment?.['payload'] as { invoice?: unknown } | undefined)?.invoice
    if (payment?.['x402Version'] !== 2 || typeof invoice !== 'string') return null
    return accepted?.extra?.invoice === invoice ? { token: invoice, key: '' } : null
  },
  verify(till, { token }) {
    const charge = till.findInvoice(token)
    return charge && till.node.lookup(charge.paymentHash)?.state === 'settled' ? charge : null
  },
  admit: (_till, { uses, bolt11 }) =>
    uses > 0 ? null : { 'PAYMENT-RESPONSE': coded({ success: true, transaction: bolt11, network: NETWORK }) },
  refuse: () => null,
  charge: (till) =>
    till.charge({ amountSats: till.priceSats(), description: 'x402', rail: 'x402', mintToken: () => '' }),
  challenge(till, { path }, charge): Answer {
    const terms = {
      x402Version: 2,
      error: 'PAYMENT-SIGNATURE header is required',
      resource: { url: `http://localhost${path}`, mimeType: 'application/json' },
      accepts: [STABLECOIN, requirementsOf(charge, till)],
    }
    const headers = { 'Content-Type': 'application/json', 'PAYMENT-REQUIRED': coded(terms) }
    return { status: 402, headers, body: '{}' }
  },
  failure: (_till, status) => textAnswer(status, `${status}\n`),
}

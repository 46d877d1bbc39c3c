/** What does a 402 of toll-booth look like, now, before, and as it was imagined? */
import { jsonAnswer, type Answer } from '../answer.js'
import type { GateRequest } from '../answer.js'
import type { Charge, Till } from '../till.js'
import { offerPayment } from './payment-rail.js'

export type TollBoothShape = 'nested' | 'flat' | 'mock'

export const NO_STORE = {
  'Cache-Control': 'no-store',
  Pragma: 'no-cache',
  'X-Content-Type-Options': 'nosniff',
}

export const paymentUrl = ({ paymentHash, statusToken }: Charge): string =>
  `/invoice-status/${paymentHash}?token=${statusToken}`

export function buildChallenge(
  shape: TollBoothShape,
  till: Till,
  request: GateRequest,
  charge: Charge,
): Promise<Answer> | Answer {
  switch (shape) {
    case 'nested':
      return nestedChallenge(till, request, charge)
    case 'flat':
      return flatChallenge(charge)
    case 'mock':
      return mockChallenge(charge)
  }
}

const l402Header = ({ token, bolt11 }: Charge): string => `L402 macaroon="${token}", invoice="${bolt11}"`

async function nestedChallenge(till: Till, request: GateRequest, paid: Charge): Promise<Answer> {
  const { serviceName, paymentRail, cashuOnly, creditTiers } = till.settings
  const charge = cashuOnly ? { ...paid, bolt11: '' } : paid
  const payment = paymentRail && !cashuOnly ? await offerPayment(till, request) : null
  const tiers = Object.entries(creditTiers).map(([amountSats, creditSats]) => ({
    amountSats: Number(amountSats),
    creditSats,
    label: `${creditSats} sats`,
  }))
  const body = {
    l402: {
      scheme: 'L402',
      description: 'Buy credits — pay once, reuse for multiple requests',
      invoice: charge.bolt11,
      macaroon: charge.token,
      payment_hash: charge.paymentHash,
      amount_sats: charge.amountSats,
      payment_url: paymentUrl(charge),
      status_token: charge.statusToken,
    },
    ...(payment ? { ietf_payment: buildPaymentBody(payment.charge) } : {}),
    ...(cashuOnly ? { xcashu: { amount: till.priceSats(), unit: 'sat', mints: ['https://mint.example'] } } : {}),
    message: 'Payment required.',
    ...(tiers.length > 0 ? { credit_tiers: tiers, tiers: { default: { sats: till.priceSats() } } } : {}),
    ...(serviceName === null ? {} : { booth: { name: serviceName }, auth_hint: authHint(payment !== null) }),
  }
  // One line for all schemes.
  const challenges = [l402Header(charge), ...(payment ? [payment.challenge] : [])].join(', ')
  return jsonAnswer(402, body, { ...NO_STORE, 'WWW-Authenticate': challenges })
}

const L402_HINT = 'L402: Pay the invoice, then send Authorization: L402 <macaroon>:<preimage>'
const PAYMENT_HINT = 'IETF Payment: Pay the invoice, then send Authorization: Payment <credential>'

const authHint = (hasPayment: boolean): string | readonly string[] =>
  hasPayment ? [L402_HINT, PAYMENT_HINT] : L402_HINT

const buildPaymentBody = ({ paymentHash, amountSats }: Charge): object => ({
  scheme: 'Payment',
  description: 'Pay per request (IETF standard, stateless)',
  method: 'lightning',
  intent: 'charge',
  payment_hash: paymentHash,
  amount_sats: amountSats,
})

/** Before March 2026. */
const flatChallenge = (charge: Charge): Answer =>
  jsonAnswer(
    402,
    {
      error: 'Payment required',
      macaroon: charge.token,
      payment_hash: charge.paymentHash,
      payment_url: paymentUrl(charge),
      amount_sats: charge.amountSats,
      invoice: charge.bolt11,
    },
    { ...NO_STORE, 'X-Powered-By': 'toll-booth', 'WWW-Authenticate': l402Header(charge) },
  )

/** As clients have mocked it: `bolt11` where the server says `invoice`, and nothing in the header. */
const mockChallenge = (charge: Charge): Answer =>
  jsonAnswer(
    402,
    {
      l402: {
        scheme: 'L402',
        bolt11: charge.bolt11,
        macaroon: charge.token,
        payment_hash: charge.paymentHash,
        amount_sats: charge.amountSats,
        payment_url: paymentUrl(charge),
        status_token: charge.statusToken,
      },
    },
    NO_STORE,
  )

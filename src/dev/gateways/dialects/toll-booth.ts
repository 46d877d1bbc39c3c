/** How does toll-booth sell calls? Credit by the bundle, spent call by call before the API is asked, and not given back. */
import { jsonAnswer, type Answer, type GateRequest } from '../answer.js'
import { readAuthorization, type Dialect } from '../dialect.js'
import { isPreimageOf, type Charge, type Till } from '../till.js'
import { mintMacaroon, verifyMacaroon } from '../token.js'
import { buildChallenge, type TollBoothShape } from './toll-booth-challenge.js'
import { withPayment } from './payment-rail.js'
import { satgateManifest } from './satgate-manifest.js'
import { buildPages, type ChargeCredit, type StatusStyle } from './toll-booth-pages.js'

const FAILURES: Readonly<Record<number, string>> = {
  400: 'Invalid request path',
  403: 'Forbidden',
  429: 'Invoice creation rate limit exceeded',
  502: 'Upstream unavailable',
  504: 'Upstream timeout',
}

const chargeCredit: ChargeCredit = ({ charge, rootKey, settings }, amountSats, caveats) =>
  charge({
    amountSats,
    creditSats: settings.creditTiers[amountSats] ?? amountSats,
    description: `${amountSats} sats of credit`,
    mintToken: (paymentHash) =>
      mintMacaroon({
        rootKey,
        paymentHash,
        location: 'toll-booth',
        // The space on both sides belongs to it.
        caveats: [`payment_hash = ${paymentHash}`, `credit_balance = ${amountSats}`, 'currency = sat', ...caveats],
      }),
  })

function buildTollBooth(shape: TollBoothShape, status: StatusStyle, manifest?: (till: Till) => object): Dialect {
  const free = new WeakMap<Till, number>()
  const dialect: Dialect = {
    pages: buildPages(status, chargeCredit, manifest),
    readCredential: (request) => readAuthorization(request, ['L402']),

    verify(till, { token, key }, request) {
      const verified = verifyMacaroon(token, till.rootKey)
      const charge = verified && till.find(verified.paymentHash)
      if (!charge || !areMet(verified.caveats, charge, request)) return null
      if (isPreimageOf(charge, key)) return charge
      const redeemed = status === 'suffix' && key === charge.settlementSecret
      return redeemed && till.node.lookup(charge.paymentHash)?.state === 'settled' ? charge : null
    },

    admit(till, charge) {
      const balance = charge.balanceSats ?? charge.creditSats
      const left = balance - till.priceSats()
      charge.balanceSats = left < 0 ? balance : left
      return left < 0 ? null : { 'X-Credit-Balance': String(left) }
    },

    // Neither a false credential nor one without credit is told apart: there is a new invoice for both.
    refuse: () => null,
    charge: (till) => chargeCredit(till, till.settings.bundleSats, []),
    challenge: (till, request, charge) => buildChallenge(shape, till, request, charge),

    /** Counted by address: whoever stands between shares one with all its customers. */
    waive(till) {
      const left = free.get(till) ?? till.settings.freeCalls
      if (left === 0) return null
      free.set(till, left - 1)
      return { 'X-Free-Remaining': String(left - 1) }
    },

    /** The API says what the call has cost after all; what was debited too much is given back. At most ten times the estimate. */
    reconcile(till, charge, answer): Answer {
      const cost = Number(answer.headers['X-Toll-Cost'] ?? NaN)
      if (!Number.isInteger(cost) || charge.balanceSats === null || charge.rail) return answer
      const price = till.priceSats()
      charge.balanceSats = Math.max(0, charge.balanceSats + price - Math.min(cost, 10 * price))
      return { ...answer, headers: { ...answer.headers, 'X-Credit-Balance': String(charge.balanceSats) } }
    },
    failure: (till, code) =>
      jsonAnswer(
        code,
        { error: FAILURES[code] ?? 'Internal error' },
        code === 429 ? { 'Retry-After': String(till.settings.retryAfterSeconds) } : {},
      ),
  }
  return withPayment(dialect, ({ settings }) => settings.paymentRail)
}

export const tollBooth = buildTollBooth('nested', 'preimage')
export const tollBoothFlat = buildTollBooth('flat', 'preimage')
export const tollBoothMock = buildTollBooth('mock', 'mock')
export const satgate = buildTollBooth('nested', 'preimage', satgateManifest)
export const tokenSuffix = buildTollBooth('nested', 'suffix')

/** Every caveat is `key = value`, and no key comes twice: one that a client appended in another form spoils the token. */
function areMet(caveats: readonly string[], charge: Charge, request: GateRequest): boolean {
  const pairs = caveats.map((caveat) => caveat.split(/ = (.*)/s))
  const keys = new Set(pairs.map(([key]) => key))
  return keys.size === pairs.length && pairs.every(([key, value]) => isMet(key, value, charge, request))
}

function isMet(key: string | undefined, value: string | undefined, charge: Charge, { path }: GateRequest): boolean {
  if (value === undefined) return false
  switch (key) {
    case 'payment_hash':
      return value === charge.paymentHash
    case 'route':
      return value.endsWith('/*') ? path.startsWith(value.slice(0, -1)) : path === value
    case 'expires':
      return Date.parse(value) > Date.now()
    default:
      return true
  }
}

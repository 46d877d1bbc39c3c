/** How do the plain L402 servers behave? One invoice per call price, no pages of their own; they differ in header and refusal. */
import type { PaymentHash } from '../../../core/identifiers.js'
import { jsonAnswer, textAnswer, type Answer, type GateRequest } from '../answer.js'
import { readAuthorization, type Credential, type Dialect } from '../dialect.js'
import { isPreimageOf, type Charge, type Till } from '../till.js'
import {
  mintMacaroon,
  mintSealedToken,
  isMacaroon,
  verifyMacaroon,
  verifySealedToken,
  type VerifiedToken,
} from '../token.js'

interface PlainDialect {
  /** Schemes that a credential may come under, in any case. */
  readonly schemes: readonly string[]
  /** The value of `WWW-Authenticate`. */
  readonly header: (token: string, bolt11: string) => string
  readonly body: Answer
  readonly refuse: Dialect['refuse']
  /** Default: a token and what follows its colon. */
  readonly read?: Dialect['readCredential']
  readonly proves?: (till: Till, charge: Charge, key: string) => boolean
  readonly mint?: (till: Till, paymentHash: PaymentHash, request: GateRequest) => string
  readonly open?: (till: Till, token: string) => VerifiedToken | null
  readonly covers?: (token: VerifiedToken, request: GateRequest) => boolean
  /** Calls that one payment buys. */
  readonly calls?: number
}

function buildDialect(plain: PlainDialect): Dialect {
  const mint = plain.mint ?? ((till, paymentHash) => mintPlainMacaroon(till, paymentHash, []))
  const open = plain.open ?? ((till, token) => verifyMacaroon(token, till.rootKey))
  const calls = plain.calls ?? Infinity
  return {
    readCredential: (request) => readAuthorization(request, plain.schemes) ?? plain.read?.(request) ?? null,
    verify(till, { token, key }: Credential, request) {
      const verified = open(till, token)
      if (!verified || plain.covers?.(verified, request) === false) return null
      const charge = till.find(verified.paymentHash)
      const proves = plain.proves ?? ((_till, bought) => isPreimageOf(bought, key))
      return charge && proves(till, charge, key) ? charge : null
    },
    admit: (_till, charge) => (charge.uses < calls ? {} : null),
    refuse: plain.refuse,
    charge: (till, request) =>
      till.charge({
        amountSats: till.priceSats(),
        description: 'L402',
        mintToken: (paymentHash) => mint(till, paymentHash, request),
      }),
    challenge(_till, _request, { token, bolt11 }) {
      const headers = { ...plain.body.headers, 'WWW-Authenticate': plain.header(token, bolt11) }
      return { ...plain.body, headers }
    },
    failure: (till, status) =>
      textAnswer(
        status,
        `${status}\n`,
        status === 429 ? { 'Retry-After': String(till.settings.retryAfterSeconds) } : {},
      ),
  }
}

const mintPlainMacaroon = ({ rootKey }: Till, paymentHash: PaymentHash, caveats: readonly string[]): string =>
  mintMacaroon({ rootKey, paymentHash, location: 'gateway', caveats })

const unauthorized = (): Answer => textAnswer(401, 'invalid credential\n')

/** The specification of 2026: parameter `token`, version 0, and 401 for a credential that does not hold. */
export const spec = buildDialect({
  schemes: ['L402', 'LSAT'],
  header: (token, invoice) => `L402 version="0", token="${token}", invoice="${invoice}"`,
  body: textAnswer(402, 'payment required\n'),
  refuse: unauthorized,
})

/** A token that is no macaroon, with a dot in it, after a parameter that lacks its comma. */
export const nonMacaroon = buildDialect({
  schemes: ['L402'],
  header: (token, invoice) => `L402 version="0" token="${token}", invoice="${invoice}"`,
  body: textAnswer(402, 'Payment Required'),
  refuse: unauthorized,
  mint: ({ rootKey }, paymentHash) => mintSealedToken(rootKey, paymentHash),
  open: ({ rootKey }, token) => verifySealedToken(token, rootKey),
})

/** The old scheme name alone, and no body at all. */
export const lsatOnly = buildDialect({
  schemes: ['LSAT'],
  header: (token, invoice) => `LSAT macaroon="${token}", invoice="${invoice}"`,
  body: { status: 402, headers: {}, body: '' },
  refuse: () => null,
})

/** The parameters the other way round. */
export const lightningToll = buildDialect({
  schemes: ['L402'],
  header: (token, invoice) => `L402 invoice="${invoice}", macaroon="${token}"`,
  body: jsonAnswer(402, { error: 'Payment Required' }),
  refuse: unauthorized,
})

/** L402 over another network of payments: what it calls an invoice is none of Lightning's. */
export const fiber = buildDialect({
  schemes: ['L402'],
  header: (token, invoice) => {
    const parameters = {
      macaroon: token,
      invoice: `fibt${invoice.slice(6)}`,
      payment_hash: 'ab'.repeat(32),
      amount: '0x5f',
    }
    const written = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`)
    return `L402 ${written.join(', ')}, currency="Fibt"`
  },
  body: jsonAnswer(402, { error: 'Payment Required' }),
  refuse: unauthorized,
})

const NGINX_PAGE = '<html>\r\n<head><title>402 Payment Required</title></head>\r\n<body></body>\r\n</html>\r\n'

/** `L402 token`, for gates that ask their node. */
function readToken({ authorizations }: GateRequest): Credential | null {
  const [, token = ''] = /^L402 ([^\s:]+)$/.exec(authorizations.at(-1) ?? '') ?? []
  return token === '' ? null : { token, key: '' }
}

/** A credential that cannot be read is the gate's own fault, as it sees it. */
function nginxRefusal({ authorizations }: GateRequest): Answer {
  const [, token = ''] = /^\S+ ([^\s:]+)/.exec(authorizations.at(-1) ?? '') ?? []
  return isMacaroon(token) ? unauthorized() : textAnswer(500, 'Internal Server Error\n')
}

/** A preimage opens one call: the second is 401. The macaroon is for one method and path. */
export const singleUse = buildDialect({
  schemes: ['L402', 'LSAT'],
  header: (token, invoice) => `L402 macaroon="${token}", invoice="${invoice}"`,
  body: { status: 402, headers: { 'Content-Type': 'text/html' }, body: NGINX_PAGE },
  refuse: (_why, request) => nginxRefusal(request),
  read: readToken,
  proves: (till, charge, key) =>
    isPreimageOf(charge, key) ||
    (key === '' && till.settings.autoDetectPayment && till.node.lookup(charge.paymentHash)?.state === 'settled'),
  mint: (till, paymentHash, request) => mintPlainMacaroon(till, paymentHash, callCaveats(request)),
  covers: (token, request) => callCaveats(request).every((caveat) => token.caveats.includes(caveat)),
  calls: 1,
})

const callCaveats = ({ method, path }: GateRequest): readonly string[] => [
  `RequestPath = ${path}`,
  `RequestMethod = ${method}`,
]

/** How does Aperture ask for payment? Two header lines, a body of plain text, and a token that serves until it expires. */
import { textAnswer, type Answer, type GateRequest } from '../answer.js'
import type { Credential, Dialect } from '../dialect.js'
import type { GatewaySettings } from '../settings.js'
import { isPreimageOf, type Charge, type Till } from '../till.js'
import { mintMacaroon, verifyMacaroon } from '../token.js'
import { offerPayment, PROBLEM, withPayment } from './payment-rail.js'

const SERVICE = 'api'
const CREDENTIAL = /(LSAT|L402) (.*?):([a-f0-9]{64})/

/** Spelled and sorted as Go's server writes them. */
const CORS = {
  'Access-Control-Allow-Headers': 'Authorization, Grpc-Metadata-macaroon, WWW-Authenticate',
  'Access-Control-Allow-Methods': 'GET, POST, OPTIONS',
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Payment-Receipt',
}

const FAILURES: Readonly<Record<number, string>> = {
  401: 'unauthorized\n',
  403: 'access denied\n',
  429: 'rate limit exceeded\n',
  500: 'challenge failure\n',
  502: '',
}

const isGrpc = (request: GateRequest): boolean =>
  (request.headers['content-type'] ?? '').toLowerCase().startsWith('application/grpc')

/** What a token must be good for: the service, or one path of it where each path has a price. */
const resource = (settings: GatewaySettings, path: string): string =>
  settings.dynamicPrice ? `${SERVICE}${path}` : SERVICE

const l402: Dialect = {
  pages: {
    find: ({ method }) => (method === 'OPTIONS' ? 'preflight' : null),
    serve: async () => ({ status: 200, headers: CORS, body: '' }),
  },

  readCredential(request): Credential | null {
    // Of several lines the last decides, even where it does not match.
    const [, , token = '', key = ''] = CREDENTIAL.exec(request.authorizations.at(-1) ?? '') ?? []
    return token === '' ? null : { token, key }
  },

  verify(till, { token, key }, request) {
    if (till.settings.authScheme === 'mpp') return null
    const verified = verifyMacaroon(token, till.rootKey)
    if (!verified || !verified.caveats.every((caveat) => holds(caveat, resource(till.settings, request.path))))
      return null
    const charge = till.find(verified.paymentHash)
    return charge && isPreimageOf(charge, key) ? charge : null
  },

  admit: () => ({}),
  refuse: () => null,

  charge(till, request) {
    const { settings, rootKey } = till
    const service = resource(settings, request.path)
    const until = settings.tokenLifetimeSeconds === null ? null : nowInSeconds() + settings.tokenLifetimeSeconds
    const caveats = [
      `services=${service}:0`,
      `${service}_capabilities=`,
      ...(until === null ? [] : [`${service}_valid_until=${until}`]),
    ]
    return till.charge({
      amountSats: till.priceSats(),
      description: 'L402',
      mintToken: (paymentHash) => mintMacaroon({ rootKey, paymentHash, location: 'lsat', caveats }),
    })
  },

  async challenge(till, request, charge): Promise<Answer> {
    const second = till.settings.authScheme === 'l402' ? [] : await paymentLines(till, request)
    const lines = { 'Www-Authenticate': [...challengeLines(charge), ...second] }
    if (isGrpc(request)) {
      // gRPC has its status in headers: to HTTP this is a success.
      const status = { 'Grpc-Message': 'payment required', 'Grpc-Status': '13' }
      return { status: 200, headers: { 'Content-Type': 'application/grpc', ...status, ...lines }, body: '' }
    }
    if (second.length > 0) {
      const type = { 'Content-Type': 'application/problem+json' }
      return {
        status: 402,
        headers: { ...CORS, 'Cache-Control': 'no-store', ...type, ...lines },
        body: JSON.stringify(PROBLEM),
      }
    }
    return textAnswer(402, 'payment required\n', { ...CORS, 'Cache-Control': 'no-store', ...lines, ...NOSNIFF })
  },

  failure(till, status) {
    const retry = status === 429 ? { 'Retry-After': String(till.settings.retryAfterSeconds) } : {}
    return textAnswer(status, FAILURES[status] ?? `${status}\n`, { ...CORS, ...retry, ...NOSNIFF })
  },

  passing: CORS,
}

const NOSNIFF = { 'X-Content-Type-Options': 'nosniff' }

export const aperture = withPayment(l402, ({ settings }) => settings.authScheme !== 'l402')

const challengeLines = ({ token, bolt11 }: Charge): readonly string[] =>
  ['LSAT', 'L402'].map((scheme) => `${scheme} macaroon="${token}", invoice="${bolt11}"`)

/** One charge and, after it, a session with a deposit: each with an invoice of its own. */
async function paymentLines(till: Till, request: GateRequest): Promise<readonly string[]> {
  const charge = await offerPayment(till, request)
  const deposit = await offerPayment({ ...till, settings: { ...till.settings, paymentIntent: 'session' } }, request)
  return [charge.challenge, deposit.challenge]
}

/** `services=name:tier,name:tier` must list the resource; `<service>_valid_until=` must lie ahead; others are not looked at. */
function holds(caveat: string, service: string): boolean {
  const [name = '', value = ''] = caveat.split(/=(.*)/s)
  if (name === 'services') return value.split(',').some((entry) => isTierOf(entry, service))
  if (name === `${service}_valid_until`) return Number(value) > nowInSeconds()
  return true
}

/** `name:tier` has exactly one colon, so a resource with a colon of its own never matches. */
function isTierOf(entry: string, service: string): boolean {
  const [name, tier, ...more] = entry.split(':')
  return name === service && tier !== undefined && more.length === 0
}

const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

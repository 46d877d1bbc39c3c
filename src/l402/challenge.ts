/** What does this 402 ask for? Header and body read together into one challenge, or the reason why there is none. */
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import type { Challenge, Scheme } from '../core/job.js'
import { parseChallenges, type AuthChallenge } from './auth-header.js'
import { parseChallengeBody, type ChallengeBody } from './challenge-body.js'
import { isToken, servicesOf } from './credential.js'
import { parsePaymentChallenge, type SchemeOffer } from './payment-scheme.js'
import { parseX402 } from './x402.js'

export { parseChallenges, type AuthChallenge } from './auth-header.js'

/** The server wants to be paid, in ways that we do not speak. */
export interface UnsupportedScheme {
  readonly schemes: readonly string[]
}

export interface PaymentRequired {
  /** The WWW-Authenticate lines in order. */
  readonly headers: readonly string[]
  readonly body: Uint8Array
  readonly contentType: string | null
  /** Path and query that were asked for: what a relative reference of the body is relative to. */
  readonly requestTarget: string
  /** `UpstreamClient.sameOriginTarget`. */
  readonly sameOriginTarget: (reference: string) => string | null
  /** The header `Payment-Required` (x402); null or absent where there is none. */
  readonly paymentRequired?: string | null
  /** Which offer is taken where there are several: default `auto`, L402 before all others. */
  readonly scheme?: SchemeChoice
  /** Before paths of status pages in the body, where the server is mounted below one. */
  readonly statusPrefix?: string | null
  /** Told what was left aside, in words for the log; never holds a secret. */
  readonly onNote?: (note: string) => void
}

export const isUnsupportedScheme = (value: Challenge | Malformed | UnsupportedScheme): value is UnsupportedScheme =>
  'schemes' in value

/** The header is authoritative; where the body says the same things it must say them equally (L402 §Client flow). */
export function parseChallenge(response: PaymentRequired): Challenge | Malformed | UnsupportedScheme {
  const challenges = parseChallenges(response.headers)
  if (isMalformed(challenges)) return challenges
  const body = parseChallengeBody(response.body, response.contentType)
  if (isMalformed(body)) return body

  const offer = chooseOffer(challenges, body, response)
  if (offer === null) return nothingUsable(challenges, body, response)
  if (isMalformed(offer)) return offer
  if (!/^ln[a-z0-9]{1,4094}$/.test(offer.bolt11)) return malformed('the invoice is not BOLT11')
  if (offer.scheme === 'Payment' || offer.scheme === 'x402') return chargeOf(offer, body)
  const contradiction = contradictionOf(offer, body)
  if (contradiction !== null) return malformed(contradiction)
  if (!isToken(offer.token)) return malformed('the token has characters or a length that no header may carry')
  if (cannotVerifyLater(offer.token, response.requestTarget)) {
    return malformed('the token names a path with : or , in its services caveat, so the server could never verify it')
  }
  return {
    ...offer,
    statusUrl: statusTarget(body, response),
    callPriceMsat: body?.callPriceMsat ?? null,
    offersExactPrice: body?.offersExactPrice ?? false,
    claimed: { paymentHash: body?.paymentHash ?? null, amountMsat: body?.amountMsat ?? null },
  }
}

/** A charge for this one call. What the body says of other rails, which have invoices of their own, is not said of this one. */
function chargeOf(offer: SchemeOffer, body: ChallengeBody | null): Challenge | Malformed {
  const claimed = offer.claimed ?? { paymentHash: null, amountMsat: null }
  const said = offer.scheme === 'Payment' ? body?.charge : undefined
  for (const name of ['paymentHash', 'amountMsat'] as const) {
    const [inBody, inHeader] = [said?.[name] ?? null, claimed[name]]
    if (inBody !== null && inHeader !== null && inBody !== inHeader)
      return malformed('header and body say different things of the Payment challenge')
  }
  const { scheme, token, bolt11 } = offer
  return { ...{ scheme, token, bolt11, claimed }, statusUrl: null, callPriceMsat: null, offersExactPrice: false }
}

type L402Scheme = Extract<Scheme, 'L402' | 'LSAT'>
type WireOffer = SchemeOffer

const TOKEN_NAMES = ['token', 'macaroon']

const schemeOf = (challenge: AuthChallenge): L402Scheme | null => {
  const name = challenge.scheme.toUpperCase()
  return name === 'L402' || name === 'LSAT' ? name : null
}

/** The operator's choice, for servers that offer a scheme and refuse its credentials. */
export type SchemeChoice = 'auto' | 'l402' | 'payment'

/** L402 wherever it can be used: its credential is good for as long as the server says, that of a charge for one call. */
function chooseOffer(
  challenges: readonly AuthChallenge[],
  body: ChallengeBody | null,
  { scheme = 'auto', paymentRequired = null }: PaymentRequired,
): WireOffer | null | Malformed {
  const l402 = (): WireOffer | null | Malformed =>
    l402Offer(challenges) ?? (declinesLightning(challenges) ? null : offerOfBody(body))
  if (scheme === 'l402') return l402()
  if (scheme === 'payment') return paymentOffer(challenges)
  return l402() ?? paymentOffer(challenges) ?? parseX402(paymentRequired)
}

/** The first usable L402, else the first usable LSAT, each taken whole: some servers know only the newer name. */
function l402Offer(challenges: readonly AuthChallenge[]): WireOffer | null | Malformed {
  for (const scheme of ['L402', 'LSAT'] as const) {
    for (const challenge of challenges) {
      const offer = schemeOf(challenge) === scheme ? offerOf(scheme, challenge) : null
      if (offer !== null) return offer
    }
  }
  return null
}

/** The first that is one charge over Lightning; sessions and other methods are left aside. */
function paymentOffer(challenges: readonly AuthChallenge[]): WireOffer | null | Malformed {
  for (const challenge of challenges) {
    const offer = challenge.scheme.toLowerCase() === 'payment' ? parsePaymentChallenge(challenge) : null
    if (offer !== null) return offer
  }
  return null
}

function offerOf(scheme: L402Scheme, { params }: AuthChallenge): WireOffer | null | Malformed {
  const valuesOf = (names: readonly string[]): Set<string> =>
    new Set(params.flatMap(([name, value]) => (names.includes(name) ? [value] : [])))
  const tokens = valuesOf(TOKEN_NAMES)
  const invoices = valuesOf(['invoice'])
  if (tokens.size > 1 || invoices.size > 1) return malformed('the challenge header names two different values')
  const [token] = tokens
  const [invoice] = invoices
  return token && invoice ? { scheme, token, bolt11: invoice.toLowerCase() } : null
}

/** `invoice=""`: the server takes other money only. */
const declinesLightning = (challenges: readonly AuthChallenge[]): boolean =>
  challenges.some(
    (challenge) =>
      schemeOf(challenge) !== null && challenge.params.some(([name, value]) => name === 'invoice' && value === ''),
  )

function offerOfBody(body: ChallengeBody | null): WireOffer | null {
  if (body === null || body.token === null || body.bolt11 === null) return null
  return { scheme: body.scheme?.toUpperCase() === 'LSAT' ? 'LSAT' : 'L402', token: body.token, bolt11: body.bolt11 }
}

function contradictionOf(offer: WireOffer, body: ChallengeBody | null): string | null {
  if (body === null) return null
  if (body.bolt11 !== null && body.bolt11 !== offer.bolt11) return 'header and body carry different invoices'
  if (body.token !== null && body.token !== offer.token) return 'header and body carry different tokens'
  return null
}

function nothingUsable(
  challenges: readonly AuthChallenge[],
  body: ChallengeBody | null,
  { scheme: choice = 'auto', paymentRequired = null }: PaymentRequired,
): UnsupportedScheme | Malformed {
  const foreign = challenges
    .filter((challenge) => choice === 'payment' || schemeOf(challenge) === null)
    .map(({ scheme }) => scheme.slice(0, 40))
  const inHeader = paymentRequired === null ? [] : ['x402']
  const names = [...new Set([...foreign, ...inHeader, ...(body?.otherSchemes ?? [])])].slice(0, 8)
  if (names.length > 0) return { schemes: names }
  return malformed(
    challenges.length === 0 ? 'the 402 carries no challenge' : 'the challenge carries no token and invoice',
  )
}

/**
 * A services caveat is read back by splitting at `:` and `,`. Where the server wrote the path of the call into it, a path with
 * one of these makes a token that is paid for and refused for ever.
 */
function cannotVerifyLater(token: string, requestTarget: string): boolean {
  const path = requestTarget.split('?')[0] ?? ''
  return /[:,]/.test(path) && servicesOf(token).some((services) => services.includes(path))
}

function statusTarget(body: ChallengeBody | null, response: PaymentRequired): string | null {
  if (body === null || body.statusReference === null) return null
  const reference = withPrefix(response.statusPrefix ?? null, body.statusReference)
  const target = response.sameOriginTarget(absolute(reference, response.requestTarget))
  if (target === null) response.onNote?.('the status endpoint is on another origin and is not used')
  return target
}

/** The body names the path from the root, wherever the server is mounted. */
export const withPrefix = (prefix: string | null, reference: string): string =>
  prefix !== null && /^\/[^/\\]/.test(reference) ? prefix + reference : reference

/** `status/1` is relative to the directory of the call; everything else stands for itself. */
function absolute(reference: string, requestTarget: string): string {
  if (/^([a-z][a-z0-9+.-]*:|[/\\?#]|$)/i.test(reference)) return reference
  const path = requestTarget.split('?')[0] ?? '/'
  return path.slice(0, path.lastIndexOf('/') + 1) + reference
}

/** What does this 402 ask for? Header and body read together into one challenge, or the reason why there is none. */
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import type { Challenge, Scheme } from '../core/job.js'
import { parseChallenges, type AuthChallenge } from './auth-header.js'
import { parseChallengeBody, type ChallengeBody } from './challenge-body.js'
import { isToken, servicesOf } from './credential.js'

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

  const offer = chooseOffer(challenges) ?? (declinesLightning(challenges) ? null : offerOfBody(body))
  if (offer === null) return nothingUsable(challenges, body)
  if (isMalformed(offer)) return offer
  const contradiction = contradictionOf(offer, body)
  if (contradiction !== null) return malformed(contradiction)
  if (!isToken(offer.token)) return malformed('the token has characters or a length that no header may carry')
  if (!/^ln[a-z0-9]{1,4094}$/.test(offer.bolt11)) return malformed('the invoice is not BOLT11')
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

type WireOffer = Pick<Challenge, 'scheme' | 'token' | 'bolt11'>

const TOKEN_NAMES = ['token', 'macaroon']

const schemeOf = (challenge: AuthChallenge): Scheme | null => {
  const name = challenge.scheme.toUpperCase()
  return name === 'L402' || name === 'LSAT' ? name : null
}

/** The first usable L402, else the first usable LSAT, each taken whole: some servers know only the newer name. */
function chooseOffer(challenges: readonly AuthChallenge[]): WireOffer | null | Malformed {
  for (const scheme of ['L402', 'LSAT'] as const) {
    for (const challenge of challenges) {
      const offer = schemeOf(challenge) === scheme ? offerOf(scheme, challenge) : null
      if (offer !== null) return offer
    }
  }
  return null
}

function offerOf(scheme: Scheme, { params }: AuthChallenge): WireOffer | null | Malformed {
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
): UnsupportedScheme | Malformed {
  const foreign = challenges
    .filter((challenge) => schemeOf(challenge) === null)
    .map(({ scheme }) => scheme.slice(0, 40))
  const names = [...new Set([...foreign, ...(body?.otherSchemes ?? [])])].slice(0, 8)
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
  const target = response.sameOriginTarget(absolute(body.statusReference, response.requestTarget))
  if (target === null) response.onNote?.('the status endpoint is on another origin and is not used')
  return target
}

/** `status/1` is relative to the directory of the call; everything else stands for itself. */
function absolute(reference: string, requestTarget: string): string {
  if (/^([a-z][a-z0-9+.-]*:|[/\\?#]|$)/i.test(reference)) return reference
  const path = requestTarget.split('?')[0] ?? '/'
  return path.slice(0, path.lastIndexOf('/') + 1) + reference
}

/** Kind 31000: who vouches for whom? Verifiable attestations, read with every condition they set on themselves. */
import { tagValue, type EventTemplate, type NostrEvent } from '../../core/event.js'
import {
  isMalformed,
  malformed,
  parsePubkey,
  type Malformed,
  type Pubkey,
  type Seconds,
} from '../../core/identifiers.js'

export const ATTESTATION_KIND = 31_000

/** Types that say something good of their subject; others, such as a delegation, say something else. */
const VOUCHING: ReadonlySet<string> = new Set(['credential', 'endorsement', 'vouch'])

export interface Attestation {
  readonly issuer: Pubkey
  readonly subject: Pubkey
  readonly type: string
  /** Of several events of one issuer with one identifier the newest counts: that is how one is revoked. */
  readonly address: string
  readonly eventId: string
  readonly createdAt: Seconds
  readonly summary: string
  /** Seconds since 1970; null for no bound. */
  readonly validFrom: Seconds | null
  readonly validTo: Seconds | null
  /** From when on it is taken back; null where it is not. */
  readonly revokedFrom: Seconds | null
}

/** Expects a verified event. A date that cannot be read makes the whole malformed: it might be the one that ends it. */
export function parseAttestation(event: NostrEvent): Attestation | Malformed {
  if (event.kind !== ATTESTATION_KIND) return malformed('not an attestation')
  const identifier = tagValue(event, 'd')
  if (identifier === undefined || identifier === '') return malformed('an attestation has an identifier')
  const subject = parsePubkey(tagValue(event, 'p'))
  if (isMalformed(subject)) return malformed('an attestation names its subject')
  const dates = ['valid_from', 'valid_to', 'expiration', 'effective'].map((name) => secondsOf(tagValue(event, name)))
  if (dates.some(Number.isNaN)) return malformed('a date of the attestation cannot be read')
  const [validFrom = null, validTo = null, expiration = null, effective = null] = dates
  const isRevoked = event.tags.some(([name, value]) => name === 'status' && value === 'revoked')
  return {
    issuer: event.pubkey,
    subject,
    type: tagValue(event, 'type') ?? identifier.split(':')[0] ?? '',
    address: `${event.pubkey}:${identifier}`,
    eventId: event.id,
    createdAt: event.created_at,
    summary: tagValue(event, 'summary') ?? '',
    validFrom,
    validTo: validTo === null || expiration === null ? (validTo ?? expiration) : Math.min(validTo, expiration),
    revokedFrom: isRevoked ? (effective ?? 0) : null,
  }
}

const secondsOf = (text: string | undefined): Seconds | null => {
  if (text === undefined) return null
  return /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN
}

/** Whether it speaks for its subject now. Nobody vouches for oneself. */
export function isVouching(attestation: Attestation, now: Seconds): boolean {
  const { issuer, subject, type, validFrom, validTo, revokedFrom } = attestation
  if (issuer === subject || !VOUCHING.has(type)) return false
  if (revokedFrom !== null && revokedFrom <= now) return false
  return (validFrom === null || validFrom <= now) && (validTo === null || now < validTo)
}

/** An endorsement: one per subject, so that a later one takes the place of the earlier. */
export function buildEndorsement(draft: {
  readonly subject: Pubkey
  readonly summary: string
  readonly expiresAt: Seconds
  readonly createdAt: Seconds
}): EventTemplate {
  const tags = [
    ['d', `endorsement:${draft.subject}`],
    ['type', 'endorsement'],
    ['p', draft.subject],
    ['summary', draft.summary],
    ['valid_from', String(draft.createdAt)],
    ['expiration', String(draft.expiresAt)],
    ['L', 'nip-va'],
    ['l', 'endorsement', 'nip-va'],
  ]
  return { kind: ATTESTATION_KIND, created_at: draft.createdAt, tags, content: '' }
}

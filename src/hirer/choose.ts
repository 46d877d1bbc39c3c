/** Whom do we hire, and why? A pure choice among candidates: demands first, then a score whose every part is told. */
import type { Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { Candidate } from './candidate.js'
import { NO_PAST } from './history.js'
import type { Trust } from './trust.js'

/** Each demand that is made must be met, also by a provider that the user named. */
export interface TrustDemands {
  /** NIP-85 rank, from the providers of ranks that we named. */
  readonly minRank: number | null
  /** An attestation by one of the issuers that we named. */
  readonly attested: boolean
  /** A NIP-05 name of one of the domains that we named. */
  readonly nip05: boolean
  /** Hire also whom nobody vouches for. */
  readonly anyone: boolean
}

export interface ScorePart {
  readonly points: number
  readonly reason: string
}

export interface Judged {
  readonly candidate: Candidate
  readonly trust: Trust
  /** Why it is not hired; empty where it could be. */
  readonly objections: readonly string[]
  /** What stands in place of trust demands, where none are made. */
  readonly admittedBy: 'demands' | 'named' | 'known' | 'anyone' | null
  readonly parts: readonly ScorePart[]
  readonly score: number
}

export interface Choice {
  readonly chosen: Judged | null
  /** Best first. */
  readonly judged: readonly Judged[]
  readonly reason: string
}

const NO_TRUST: Trust = { rank: null, attestedBy: [], nip05: null, past: NO_PAST }

export function chooseProvider(
  candidates: readonly Candidate[],
  trust: ReadonlyMap<Pubkey, Trust>,
  rules: { readonly demands: TrustDemands; readonly maxMsat: Msat; readonly self: Pubkey },
): Choice {
  const judged = candidates
    .map((candidate) => judge(candidate, trust.get(candidate.provider) ?? NO_TRUST, rules))
    .sort((a, b) => a.objections.length - b.objections.length || b.score - a.score || compare(a, b))
  const eligible = judged.filter(({ objections }) => objections.length === 0)
  const [chosen = null] = eligible
  return { chosen, judged, reason: reasonFor(chosen, eligible.length, judged.length) }
}

/** The cheaper of two, else an order that chance has no part in. */
function compare(a: Judged, b: Judged): number {
  const price = (judged: Judged): number => judged.candidate.offer?.priceMsat ?? Number.MAX_SAFE_INTEGER
  return price(a) - price(b) || (a.candidate.provider < b.candidate.provider ? -1 : 1)
}

function judge(
  candidate: Candidate,
  trust: Trust,
  { demands, maxMsat, self }: { demands: TrustDemands; maxMsat: Msat; self: Pubkey },
): Judged {
  const admittedBy = admissionOf(candidate, trust, demands)
  const { offer, isNamed } = candidate
  const objections: string[] = []
  const object = (holds: boolean, objection: string): void => void (holds && objections.push(objection))
  object(candidate.provider === self, 'it is ourselves')
  object(candidate.inboxRelays.length === 0, 'it lists no inbox relays (kind 10050), so it cannot be hired in private')
  object(!candidate.isAgent && !isNamed, 'it lists an API, and does not say that it takes jobs')
  object(!candidate.takesLightning, 'it lists no way to pay by Lightning')
  object(
    isAbove(offer, maxMsat),
    `it asks for ${offer?.priceMsat ?? 0} msat, and the limit is ${maxMsat}, with fees kept back`,
  )
  objections.push(...unmet(trust, demands))
  object(admittedBy === null && !makesDemands(demands), 'nobody whom we believe vouches for it, and we never hired it')
  const unserved = trust.past.paidAndNotServed
  object(unserved > 0 && !isNamed, `it was paid and did not serve ${unserved} times`)
  const parts = partsOf(candidate, trust, maxMsat)
  const score = parts.reduce((sum, { points }) => sum + points, 0)
  return { candidate, trust, objections, admittedBy, parts, score }
}

/** A price that is a ceiling may turn out lower: worth asking. */
const isAbove = (offer: Candidate['offer'], maxMsat: Msat): boolean =>
  offer !== null && offer.priceMsat !== null && !offer.atMost && offer.priceMsat > maxMsat

const makesDemands = ({ minRank, attested, nip05 }: TrustDemands): boolean => minRank !== null || attested || nip05

/** Without a demand nobody is trusted by default but whom the user named, and whom we hired before with success. */
function admissionOf({ isNamed }: Candidate, { past }: Trust, demands: TrustDemands): Judged['admittedBy'] {
  if (makesDemands(demands)) return 'demands'
  if (isNamed) return 'named'
  if (past.done > past.failed && past.paidAndNotServed === 0) return 'known'
  return demands.anyone ? 'anyone' : null
}

function unmet(trust: Trust, { minRank, attested, nip05 }: TrustDemands): string[] {
  const objections: string[] = []
  if (minRank !== null && (trust.rank === null || trust.rank < minRank)) {
    objections.push(`its rank is ${trust.rank ?? 'unknown'}, and ${minRank} is demanded`)
  }
  if (attested && trust.attestedBy.length === 0) objections.push('no issuer that we believe attests it')
  if (nip05 && trust.nip05 === null) objections.push('no domain that we believe names it')
  return objections
}

/** At most 40 points for rank, 40 for attestations, 10 for a name, 25 for our past with it, and 30 for the price. */
function partsOf({ offer }: Candidate, { rank, attestedBy, nip05, past }: Trust, maxMsat: Msat): ScorePart[] {
  const parts: ScorePart[] = []
  const add = (points: number, reason: string): void => void parts.push({ points: Math.round(points), reason })
  if (rank !== null) add(rank * 0.4, `rank ${rank}`)
  if (attestedBy.length > 0) add(Math.min(40, attestedBy.length * 20), `attested by ${attestedBy.length} that we believe`) // prettier-ignore
  if (nip05 !== null) add(10, `named by ${nip05}`)
  if (past.done > 0)
    add(Math.min(25, past.done * 5), past.done === 1 ? 'served us once' : `served us ${past.done} times`)
  if (past.failed > 0) add(-10 * past.failed, `refused or failed ${past.failed} times`)
  if (past.paidAndNotServed > 0) add(-50 * past.paidAndNotServed, `paid and not served ${past.paidAndNotServed} times`)
  if (offer !== null && offer.priceMsat !== null && offer.priceMsat <= maxMsat) {
    const share = maxMsat === 0 ? 0 : offer.priceMsat / maxMsat
    add(30 * (1 - share), `${offer.atMost ? 'at most ' : ''}${offer.priceMsat} of ${maxMsat} msat`)
  }
  return parts
}

function reasonFor(chosen: Judged | null, eligible: number, all: number): string {
  if (all === 0) return 'no provider lists this task'
  if (chosen === null) return `none of ${all} candidates can be hired`
  const trusted = {
    demands: 'it meets every demand',
    named: 'you named it',
    known: 'it has served us before',
    anyone: 'anyone may be hired',
  }
  const why = chosen.admittedBy === null ? '' : trusted[chosen.admittedBy]
  return eligible === 1 ? `the only one that can be hired: ${why}` : `the best score of ${eligible}: ${why}`
}

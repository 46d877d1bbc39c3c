/** Who may ask at all? Ways in that the operator names, of which one is enough, and keys that are never served. */
import { rejection, type Rejection } from '../core/errors.js'
import type { Pubkey } from '../core/identifiers.js'
import type { Vetting } from '../ports.js'
import { workWanted } from './remedy.js'

/** `rank+work` asks for both. */
export const WAYS = ['allow', 'rank', 'work', 'rank+work'] as const
export type Way = (typeof WAYS)[number]

/** What those whom the operator asks say of a key. */
export interface Standing {
  /** The best rank that any of them gives it, 0 to 100; null where none knows it. */
  readonly rank: number | null
  /** Whether all of them answered. */
  readonly complete: boolean
}

export interface WaysIn {
  /** Those that are open; none means that everybody may ask. */
  readonly any: readonly Way[]
  readonly allow: ReadonlySet<Pubkey>
  readonly deny: ReadonlySet<Pubkey>
  readonly workBits: number
  readonly minRank: number
  /** What happens to a key whose rank cannot be looked up. */
  readonly unanswered: 'admit' | 'refuse'
}

/** What an event says of its author and its work, proven or not. */
export interface Claim {
  readonly customer: Pubkey
  readonly workBits: number
}

/** The refusal that the claim alone leads to, even if it is true; `ask` where the rank decides. Costs nothing. */
export function glance({ any, allow, deny, workBits }: WaysIn, claim: Claim): Rejection | 'ask' | null {
  if (deny.has(claim.customer)) return rejection('not-admitted', 'on the deny list')
  if (any.length === 0 || (any.includes('allow') && allow.has(claim.customer))) return null
  const hasWorked = claim.workBits >= workBits
  if (any.includes('work') && hasWorked) return null
  if (any.includes('rank') || (any.includes('rank+work') && hasWorked)) return 'ask'
  if (any.includes('work') || any.includes('rank+work')) return workRequired(workBits)
  return rejection('not-admitted', 'not on the allow list')
}

const workRequired = (bits: number): Rejection => ({ ...rejection('work-required'), remedy: workWanted(bits) })

export function createGate(ways: WaysIn, standingOf: (customer: Pubkey) => Promise<Standing>): Vetting {
  return async (job) => {
    const seen = glance(ways, job)
    if (seen !== 'ask') return seen
    const { rank, complete } = await standingOf(job.customer)
    if (rank !== null && rank >= ways.minRank) return null
    if (!complete && ways.unanswered === 'admit') return null
    // Told of the ways that are open the one that is open to everybody.
    if (ways.any.includes('work')) return workRequired(ways.workBits)
    return complete ? rejection('rank-too-low', `rank ${rank ?? 'unknown'}`) : rejection('rank-unavailable')
  }
}

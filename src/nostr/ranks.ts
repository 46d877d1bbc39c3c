/** What do those whom the operator named say of a key? Ranks of NIP-85, asked for once, verified, and kept for a while. */
import type { NostrEvent } from '../core/event.js'
import { isMalformed, type Millis, type Pubkey } from '../core/identifiers.js'
import type { Standing } from '../policies/ways.js'
import type { Clock, Logger, RelayPool } from '../ports.js'
import { verifyEvent } from './event.js'
import { parseRank, USER_ASSERTION_KIND } from './kinds/rank.js'

export interface RankProvider {
  readonly name: string
  readonly pubkey: Pubkey
  readonly relay: string
}

export interface Ranks {
  /** Never throws; answers within the time-out. */
  standingOf(subject: Pubkey): Promise<Standing>
}

const TIMEOUT_MS = 3_000
const KEPT_MS = 6 * 3_600_000
/** Somebody new may be ranked soon. */
const KEPT_UNRANKED_MS = 600_000
/** One that does not answer is not asked again for each job. */
const KEPT_UNANSWERED_MS = 30_000
const MOST_KEPT = 20_000
/** Look-ups at one time: a flood of new keys is no flood of questions. */
const MOST_AT_ONCE = 32

const UNANSWERED: Standing = { rank: null, complete: false }

export function createRanks(wiring: {
  readonly providers: readonly RankProvider[]
  readonly relays: Pick<RelayPool, 'fetch'>
  readonly clock: Clock
  readonly log: Logger
  readonly timeoutMs?: Millis
}): Ranks {
  const { providers, relays, clock, log, timeoutMs = TIMEOUT_MS } = wiring
  const kept = new Map<Pubkey, { readonly standing: Standing; readonly until: Millis }>()
  const asking = new Map<Pubkey, Promise<Standing>>()

  /** Null where the provider knows nothing, undefined where it did not answer. */
  async function ask({ name, pubkey, relay }: RankProvider, subject: Pubkey): Promise<number | null | undefined> {
    const filter = { kinds: [USER_ASSERTION_KIND], authors: [pubkey], '#d': [subject], limit: 1 }
    try {
      const { events, answered } = await relays.fetch([relay], filter, timeoutMs)
      const rank = latestRank(events, pubkey, subject)
      return answered === 0 && rank === null ? undefined : rank
    } catch (error) {
      log.warn({ provider: name, reason: error instanceof Error ? error.message : 'unknown' }, 'rank not asked')
      return undefined
    }
  }

  async function lookUp(subject: Pubkey): Promise<Standing> {
    const answers = await Promise.all(providers.map((provider) => ask(provider, subject)))
    const ranks = answers.filter((rank) => typeof rank === 'number')
    const standing = { rank: ranks.length > 0 ? Math.max(...ranks) : null, complete: !answers.includes(undefined) }
    const keptMs = !standing.complete ? KEPT_UNANSWERED_MS : standing.rank === null ? KEPT_UNRANKED_MS : KEPT_MS
    kept.delete(subject)
    kept.set(subject, { standing, until: clock.now() + keptMs })
    const oldest = kept.keys().next()
    if (kept.size > MOST_KEPT && !oldest.done) kept.delete(oldest.value)
    return standing
  }

  return {
    standingOf(subject) {
      const known = kept.get(subject)
      if (known && clock.now() < known.until) return Promise.resolve(known.standing)
      const underWay = asking.get(subject)
      if (underWay) return underWay
      if (asking.size >= MOST_AT_ONCE) return Promise.resolve(UNANSWERED)
      const asked = lookUp(subject).finally(() => asking.delete(subject))
      asking.set(subject, asked)
      return asked
    },
  }
}

/** Of the events that are what was asked for; of two of one time that with the lowest id (NIP-01). Null where there is none. */
function latestRank(events: readonly NostrEvent[], provider: Pubkey, subject: Pubkey): number | null {
  const candidates = events.filter((event) => event.pubkey === provider && event.kind === USER_ASSERTION_KIND)
  candidates.sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))
  for (const event of candidates) {
    const rank = parseRank(event)
    if (isMalformed(rank) || rank.subject !== subject || !verifyEvent(event)) continue
    return rank.rank
  }
  return null
}

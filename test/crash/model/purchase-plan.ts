/** What does a seed stand for where our own wallet pays the upstream? Its mode, what becomes of the payment, and what the wallet is like. */
import type { Chance } from './plan.js'

/**
 * What becomes of a payment to the upstream. `paid`, `slow`: and the wallet says so. `refused`: said at once; `failedLate`: said at the end.
 * The others leave the daemon without an answer. `silent`, `silentFailed`: over soon. `stuck`, `stuckFailed`: under way for as many blocks as
 * it may be. `mailed`, `mailedFailed`: the request waits somewhere, and the payment is begun just before its invoice expires. `lost`: never.
 */
export type Fate =
  | 'paid'
  | 'slow'
  | 'refused'
  | 'failedLate'
  | 'silent'
  | 'silentFailed'
  | 'stuck'
  | 'stuckFailed'
  | 'mailed'
  | 'mailedFailed'
  | 'lost'

const FATES = [
  ...['paid', 'paid', 'paid', 'slow', 'refused', 'failedLate', 'silent', 'silent', 'silentFailed', 'stuck'],
  ...['stuckFailed', 'mailed', 'mailedFailed', 'lost'],
] as unknown as readonly [Fate, ...Fate[]]

export interface PurchasePlan {
  readonly mode: 'wrap' | 'resell'
  readonly settle: 'on-preimage' | 'on-result'
  /** Of each payment in turn; the last of those after it, too. */
  readonly fates: readonly [Fate, ...Fate[]]
  /** Time between two blocks: short, so that a seed is over soon. */
  readonly blockMs: number
  /** The wallet holds a payment to a limit of blocks. */
  readonly limitsDelay: boolean
  /** The wallet tells until when it can hold a payment. */
  readonly tellsDeadline: boolean
  readonly trusted: boolean
  /** Blocks of the route to the upstream, as far as the wallet can say. */
  readonly routeBlocks: number | null
  /** The wallet asks its payers for so many blocks, whatever it is told; null where it does as it is told. */
  readonly ownDelta: number | null
  /** An accepted payment is called expired once its invoice is. */
  readonly saysExpired: boolean
  /** Of a hundred payments that the wallet should push. */
  readonly pushesDropped: number
  /** Of a hundred calls: not done, or done and not answered. */
  readonly callsFailed: number
  /** The wallet answers nothing in these times, counted from the customer's payment. */
  readonly away: readonly { readonly afterMs: number; readonly forMs: number }[]
  /** So long after it was accepted a held payment is gone, as after the end of a channel; null for never. */
  readonly vanishesMs: number | null
  /** So long after it was accepted many blocks come at once; null for never. */
  readonly rush: { readonly afterMs: number; readonly blocks: number } | null
  /** The customer names a place to which money can be sent back. */
  readonly refundable: boolean
  /** The customer stands in with the upstream, and proves a payment that it has not made. */
  readonly accomplice: boolean
}

export function purchasePlanOf(chance: Chance): PurchasePlan | null {
  const kind = chance.pick(['passthrough', 'passthrough', 'passthrough', 'wrap', 'wrap', 'onResult', 'resell'])
  if (kind === 'passthrough') return null
  const away = chance.of(15)
    ? [{ afterMs: chance.between(0, 30_000), forMs: chance.pick([5_000, 60_000, 240_000]) }]
    : []
  return {
    mode: kind === 'resell' ? 'resell' : 'wrap',
    settle: kind === 'onResult' ? 'on-result' : 'on-preimage',
    fates: [chance.pick(FATES), chance.pick(FATES)],
    blockMs: chance.pick([15_000, 30_000, 60_000]),
    limitsDelay: !chance.of(12),
    tellsDeadline: !chance.of(8),
    trusted: chance.of(15),
    routeBlocks: chance.pick([40, 40, 40, null]),
    ownDelta: chance.of(8) ? chance.pick([18, 90, 105]) : null,
    saysExpired: chance.of(15),
    pushesDropped: chance.pick([0, 30, 100]),
    callsFailed: chance.pick([0, 4, 15]),
    away,
    vanishesMs: chance.of(5) ? chance.between(10, 60_000) : null,
    rush: chance.of(6) ? { afterMs: chance.between(10, 60_000), blocks: chance.pick([40, 120, 400]) } : null,
    refundable: chance.of(70),
    accomplice: chance.of(6),
  }
}

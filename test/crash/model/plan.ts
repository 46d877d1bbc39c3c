/** What does a seed stand for? Everything that chance decides before a simulated world begins. */
import type { PreimageSourceName } from '../../../src/core/job.js'
import { createRandom } from '../../support/random.js'
import { purchasePlanOf, type PurchasePlan } from './purchase-plan.js'

export interface Chance {
  /** Whole numbers from zero up to, and without, the bound. */
  below(bound: number): number
  between(low: number, high: number): number
  /** True in so many of a hundred cases. */
  of(percent: number): boolean
  pick<T>(options: readonly [T, ...T[]]): T
}

export function createChance(seed: number): Chance {
  const below = createRandom(seed)
  return {
    below,
    between: (low, high) => low + below(high - low + 1),
    of: (percent) => below(100) < percent,
    pick: (options) => options[below(options.length)] ?? options[0],
  }
}

/** `reusable`: a bundle of credit. `exact`: the price of one call, debited before it. `single`: a preimage opens one call. */
export type Gate = 'reusable' | 'exact' | 'single'

/** What befalls one call with a credential. `resetAfter` and `failAfter`: only when its work is done. */
export type Fault =
  'unsent' | 'resetBefore' | 'resetAfter' | 'failBefore' | 'failAfter' | 'tooMany' | 'notYetPaid' | 'tooLarge'

/** What befalls one call without. */
export type QuoteFault = 'unsent' | 'resetBefore' | 'failBefore' | 'tooMany'

export interface RelayMood {
  /** Answers so many times that it cannot take the event now. */
  readonly defers: number
  /** Refuses these kinds for good. */
  readonly refuses: readonly number[]
}

export interface Plan {
  readonly seed: number
  readonly gate: Gate
  readonly method: 'GET' | 'POST'
  /** The upstream honours `Idempotency-Key`, and we know it. */
  readonly idempotencyKey: boolean
  readonly source: PreimageSourceName
  readonly pays: 'promptly' | 'late' | 'never'
  readonly faults: readonly Fault[]
  readonly quoteFaults: readonly QuoteFault[]
  readonly moods: readonly RelayMood[]
  /** The customer asks for the same again when the first answer is there. */
  readonly asksTwice: boolean
  /** Leftover credit is reported by the upstream, and reused. */
  readonly reportsCredit: boolean
  /** Of a hundred settlements that the wallet should push. */
  readonly pushesDropped: number
  /** Nothing crashes before the customer asks the second time. */
  readonly firstInPeace: boolean
  /** The customer calls its first job off: right away, or once it has seen the invoice; it pays what it is asked to all the same. */
  readonly callsOff: 'never' | 'early' | 'offered'
  /** Ask for something that is published a little later, and is an input of each job. */
  readonly withInput: boolean
  /** Answers are too large for relays: by what the daemon knows, or as each relay says when it sees one. */
  readonly large: 'no' | 'known' | 'said'
  /** Of the relays in their order, how many want proof of work. */
  readonly working: number
  /** Our own wallet pays the upstream; null where the customer does. */
  readonly purchase: PurchasePlan | null
  /** At most so many crashes, each point with this chance in a hundred. */
  readonly crashes: number
  readonly crashPercent: number
}

const FAULTS = ['unsent', 'resetBefore', 'resetAfter', 'failBefore', 'failAfter', 'tooMany', 'notYetPaid'] as const
const QUOTE_FAULTS = ['unsent', 'resetBefore', 'failBefore', 'tooMany'] as const
export const RESULT_KIND = 6800
/** What a relay that says so finds too large, in characters of content. */
export const LARGE = 9_000
export const WORK_BITS = 2

export function planOf(seed: number): Plan {
  const chance = createChance(seed)
  const more = createChance(seed ^ 0x0ff)
  const gate = chance.pick<Gate>(['reusable', 'exact', 'single'])
  const method = chance.pick<'GET' | 'POST'>(['GET', 'POST'])
  const some = <T>(percent: number, most: number, options: readonly [T, ...T[]]): T[] =>
    chance.of(percent) ? Array.from({ length: chance.between(1, most) }, () => chance.pick(options)) : []
  const faults: Fault[] = some<Fault>(45, 3, FAULTS)
  if (chance.of(2)) faults.push('tooLarge')
  const allRefuseResults = chance.of(3)
  const reportsCredit = gate !== 'single' && chance.of(60)
  const asksTwice = reportsCredit && chance.of(75)
  return {
    seed,
    gate,
    method,
    idempotencyKey: method === 'POST' && chance.of(35),
    source: chance.pick<PreimageSourceName>(
      gate === 'single' ? ['merchantWallet', 'customerProof'] : ['statusEndpoint', 'merchantWallet', 'customerProof'],
    ),
    pays: chance.pick(['promptly', 'promptly', 'promptly', 'late', 'never']),
    faults,
    quoteFaults: some<QuoteFault>(20, 2, QUOTE_FAULTS),
    moods: [0, 1, 2].map((index) => ({
      defers: chance.of(25) ? chance.between(1, 4) : 0,
      // One relay at least takes whatever it is sent, or all refuse the result alone.
      refuses: allRefuseResults ? [RESULT_KIND] : index > 0 && chance.of(15) ? [RESULT_KIND, 7000] : [],
    })),
    asksTwice,
    reportsCredit,
    firstInPeace: asksTwice && chance.of(75),
    pushesDropped: chance.pick([0, 30, 100]),
    callsOff: more.pick(['never', 'never', 'never', 'never', 'never', 'never', 'never', 'early', 'offered']),
    withInput: more.of(12),
    large: more.pick(['no', 'no', 'no', 'no', 'no', 'no', 'no', 'known', 'said']),
    working: more.pick([0, 0, 0, 0, 0, 0, 0, 1, 3]),
    purchase: purchasePlanOf(createChance(seed ^ 0xca5e)),
    crashes: chance.pick([1, 2, 4, 8, 12]),
    crashPercent: chance.pick([3, 8, 15, 30]),
  }
}

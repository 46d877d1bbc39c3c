/** What is wrong with a relay at the moment? The ways in which relays fail, each for a while. */
import type { Chance } from './chance.js'

export interface Weather {
  readonly name: string
  /** A connection can be made, and those that are there stay. */
  readonly reachable: boolean
  /** False: half-open. Connections stay and new ones are accepted, and not a byte comes back, not even a pong. */
  readonly speaks: boolean
  /** True: what is subscribed is forgotten; everything else is answered. */
  readonly deaf: boolean
  /** Share of frames that are lost on the way, in either direction, in percent. */
  readonly lost: number
  /** Share of frames that arrive twice, in percent. */
  readonly doubled: number
  /** Time on the way in milliseconds, for each frame anew: those that differ much overtake each other. */
  readonly delay: readonly [number, number]
  /** Reason with which every event is refused. */
  readonly refusal: string | null
  /** Says OK and keeps nothing. */
  readonly lies: boolean
  /** Nothing is read or published without authentication (NIP-42). */
  readonly auth: boolean
  /** Time between two cuts of the line in milliseconds. */
  readonly flaps: readonly [number, number] | null
  /** Sends what nobody asked for: rubbish, forged jobs, challenges, notices. */
  readonly noisy: boolean
  /** Ends subscriptions by CLOSED now and then. */
  readonly closes: boolean
}

const FAIR: Weather = {
  name: 'fair',
  reachable: true,
  speaks: true,
  deaf: false,
  lost: 0,
  doubled: 0,
  delay: [5, 120],
  refusal: null,
  lies: false,
  auth: false,
  flaps: null,
  noisy: false,
  closes: false,
}

const DOWN: Weather = { ...FAIR, name: 'down', reachable: false }

const refusing = (refusal: string): Weather => ({ ...FAIR, name: `refuses ${refusal}`, refusal })

/** Every prefix of NIP-01, and a word of no standard. */
const REFUSALS = [
  'blocked: you are banned',
  'rate-limited: slow down',
  'restricted: members only',
  'invalid: not for us',
  'invalid: event too large',
  'error: could not save',
  'pow: difficulty 8 required',
  'auth-required: we only take events of friends',
  'mute: nobody was listening',
  'no',
].map(refusing)

export const WEATHERS: readonly Weather[] = [
  FAIR,
  DOWN,
  { ...FAIR, name: 'half-open', speaks: false },
  { ...FAIR, name: 'deaf', deaf: true },
  { ...FAIR, name: 'lossy', lost: 30 },
  { ...FAIR, name: 'doubling', doubled: 60 },
  { ...FAIR, name: 'reordering', delay: [1, 15_000] },
  { ...FAIR, name: 'slow', delay: [3_000, 9_000] },
  { ...FAIR, name: 'lying', lies: true },
  { ...FAIR, name: 'authenticating', auth: true },
  { ...FAIR, name: 'authenticating and flapping', auth: true, flaps: [5_000, 90_000] },
  { ...FAIR, name: 'flapping', flaps: [500, 60_000] },
  { ...FAIR, name: 'noisy', noisy: true },
  { ...FAIR, name: 'closing', closes: true },
  {
    ...FAIR,
    name: 'everything at once',
    lost: 10,
    doubled: 20,
    delay: [1, 5_000],
    noisy: true,
    closes: true,
    flaps: [9_000, 300_000],
  },
  ...REFUSALS,
]

const MINUTE_MS = 60_000

export interface Spell {
  readonly weather: Weather
  readonly ms: number
}

/** The next spell of a bad relay: anything, for up to an hour and a half. */
export const badSpell = (chance: Chance): Spell => ({
  weather: chance.oneOf(WEATHERS),
  ms: chance.between(MINUTE_MS, 90 * MINUTE_MS),
})

/** The one good relay is fair, but for outages of at most a quarter of an hour. */
export const goodSpell = (chance: Chance, before: Weather): Spell =>
  before.reachable && chance.of(50)
    ? { weather: DOWN, ms: chance.between(MINUTE_MS / 4, 15 * MINUTE_MS) }
    : { weather: FAIR, ms: chance.between(10 * MINUTE_MS, 150 * MINUTE_MS) }

export const CALM: Weather = FAIR

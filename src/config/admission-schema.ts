/** Which settings decide who may ask, and how often? The ways in, and the limits that hold for everybody who came in. */
import { z } from 'zod'
import { isMalformed, type Pubkey } from '../core/identifiers.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import { WAYS, type WaysIn } from '../policies/ways.js'
import { checkWays, readPubkey, waysSetUp } from './admission-rules.js'
import { name, relayUrl, wholeNumber, withoutRepeats } from './fields.js'

const OTHER_NPUB = 'npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d'
const NPUB = 'npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6'

const pubkey = () =>
  z
    .string()
    .max(100)
    .refine((value) => readPubkey(value) !== null, {
      error: 'must be a public key: npub1… or 64 lower-case hex digits',
    })

const pubkeys = () =>
  z
    .array(pubkey())
    .min(1, { error: 'must name a key, or be removed' })
    .max(10_000)
    .superRefine(withoutRepeats)
    .optional()

const provider = z
  .strictObject({
    pubkey: pubkey()
      .describe('The key under which it publishes the ranks that you chose.')
      .meta({ examples: [NPUB] }),
    relay: relayUrl()
      .describe('The relay on which it publishes them.')
      .meta({ examples: ['wss://ranks.example.com'] }),
  })
  .describe('A provider of ranks.')

const limit = (most: number) => wholeNumber(1, most).optional()

export const admission = z
  .strictObject({
    allow: pubkeys()
      .describe('Keys that are served: npub or hex.')
      .meta({ examples: [[NPUB]] }),
    deny: pubkeys()
      .describe('Keys that are never served, whatever else speaks for them: npub or hex.')
      .meta({ examples: [[OTHER_NPUB]] }),
    workBits: limit(64)
      .describe('Proof of work that a job shows, in bits (NIP-13): 20 take a laptop a second or so; unset, none.')
      .meta({ examples: [20] }),
    rankProviders: z
      .record(name(), provider)
      .prefault({})
      .describe('Whom to ask for the rank of a key (NIP-85), by a name of your choice; the best rank counts.')
      .meta({ examples: ['ranks'] }),
    minRank: wholeNumber(0, 100).default(50).describe('The least rank that a provider must give a key, 0 to 100.'),
    rankUnanswered: z
      .enum(['admit', 'refuse'])
      .default('refuse')
      .describe('What happens to a key whose rank cannot be looked up: admit or refuse.'),
    any: z
      .array(z.enum(WAYS))
      .max(WAYS.length)
      .superRefine(withoutRepeats)
      .optional()
      .describe(
        'Ways in, of which one is enough: allow (the list), rank, work, rank+work (both); unset, each of allow, rank and work that is set up.',
      )
      .meta({ examples: [['allow', 'rank+work']] }),
    jobsPerMinutePerCustomer: limit(1_000_000)
      .describe('The most jobs of one customer that are taken in a minute; unset, no limit.')
      .meta({ examples: [60] }),
    jobsPerHourPerCustomer: limit(10_000_000)
      .describe('The most jobs of one customer that are taken in an hour; unset, no limit.')
      .meta({ examples: [600] }),
    unpaidPerHourPerCustomer: limit(10_000)
      .describe('The most invoices that one customer may cause in an hour and not pay; unset, no limit.')
      .meta({ examples: [20] }),
    unpaidPerDayPerCustomer: limit(10_000)
      .describe('The most invoices that one customer may cause in a day and not pay; unset, no limit.')
      .meta({ examples: [100] }),
    freePerDayPerCustomer: limit(1_000_000)
      .describe(
        'The most free calls of one API that one customer may make in a day, while the API asks nobody for payment; unset, no limit.',
      )
      .meta({ examples: [3] }),
  })
  .superRefine(checkWays)
  .prefault({})
  .describe('Who may ask, and how often. Set up no way in, and everybody may; the limits hold for everybody.')

type AdmissionSettings = z.output<typeof admission>

export interface AdmissionConfig extends WaysIn {
  readonly rankProviders: readonly { readonly name: string; readonly pubkey: Pubkey; readonly relay: string }[]
  readonly jobs: { readonly perMinute: number | null; readonly perHour: number | null }
  readonly unpaid: { readonly perHour: number | null; readonly perDay: number | null }
  readonly freePerDay: number | null
}

/** Pure. */
export function resolveAdmission(settings: AdmissionSettings): AdmissionConfig {
  const keys = (values: readonly string[] = []) => new Set(values.map(readPubkey).filter((key) => key !== null))
  const providers = Object.entries(settings.rankProviders).flatMap(([name, { pubkey, relay }]) => {
    const [key, url] = [readPubkey(pubkey), parseRelayUrl(relay)]
    return key === null || isMalformed(url) ? [] : [{ name, pubkey: key, relay: url }]
  })
  return {
    any: settings.any ?? waysSetUp(settings),
    allow: keys(settings.allow),
    deny: keys(settings.deny),
    workBits: settings.workBits ?? 0,
    minRank: settings.minRank,
    unanswered: settings.rankUnanswered,
    rankProviders: providers,
    jobs: {
      perMinute: settings.jobsPerMinutePerCustomer ?? null,
      perHour: settings.jobsPerHourPerCustomer ?? null,
    },
    unpaid: {
      perHour: settings.unpaidPerHourPerCustomer ?? null,
      perDay: settings.unpaidPerDayPerCustomer ?? null,
    },
    freePerDay: settings.freePerDayPerCustomer ?? null,
  }
}

/** Which settings are there? Each declared once: name, type, default and one sentence. Everything else is generated from here. */
import { z } from 'zod'
import { filePath, relayUrl, secretReference, wholeNumber, withoutRepeats, type SecretReference } from './fields.js'
import { dispatch } from './dispatch-schema.js'
import { announce } from './announce-schema.js'
import { encryption } from './encryption-schema.js'
import { admission } from './admission-schema.js'
import { inputs } from './inputs-schema.js'
import { upstreamSchema } from './upstream-schema.js'
import { blobs } from './blobs-schema.js'
import { wallets } from './wallets-schema.js'

const relayList = () => z.array(relayUrl()).min(1).max(20).superRefine(withoutRepeats)

const relays = z
  .strictObject({
    read: relayList()
      .describe('Relays on which jobs are heard, 1 to 20.')
      .meta({ examples: [['wss://relay.damus.io', 'wss://nos.lol']] }),
    write: relayList()
      .optional()
      .describe('Relays to which answers and the announcement are published, 1 to 20; unset, the read relays.')
      .meta({ examples: [['wss://relay.damus.io']] }),
    inbox: relayList()
      .max(3)
      .optional()
      .describe(
        'Relays on which gift wraps are heard besides the read relays, 1 to 3; unset, the first three read relays.',
      )
      .meta({ examples: [['wss://auth.nostr1.com']] }),
    lookup: z
      .array(relayUrl())
      .max(10)
      .superRefine(withoutRepeats)
      .default([])
      .describe('Further relays on which the relay lists of customers are looked for (NIP-65, NIP-17), 0 to 10.')
      .meta({ initial: ['wss://purplepag.es'] }),
    allowPrivate: z
      .boolean()
      .default(false)
      .describe('Whether relays that customers name may have private addresses; the relays named here always may.'),
    replyMax: wholeNumber(0, 20)
      .default(5)
      .describe(
        'The most relays of a job request, and of its author, besides our own, to which answers are published.',
      ),
    probeSeconds: wholeNumber(10, 3600)
      .default(120)
      .describe('Time between two proofs that the read relays still deliver, in seconds.'),
  })
  .describe('Where jobs are heard and answers are published.')

const jobs = z
  .strictObject({
    maxAgeSeconds: wholeNumber(1, 604_800)
      .default(600)
      .describe('Oldest created_at of a job that is taken, in seconds before now.'),
    maxAheadSeconds: wholeNumber(0, 86_400)
      .default(300)
      .describe('Latest created_at of a job that is taken, in seconds after now.'),
    maxUnpaidPerCustomer: wholeNumber(1, 100_000).default(5).describe('The most unpaid invoices of one customer.'),
    maxOpenPerCustomer: wholeNumber(1, 100_000).default(50).describe('The most open jobs of one customer.'),
    maxOpen: wholeNumber(1, 1_000_000).default(10_000).describe('The most open jobs in all.'),
    concurrency: wholeNumber(1, 1024).default(64).describe('The most jobs that are worked on at one time.'),
    refusalsPerMinutePerCustomer: wholeNumber(0, 100_000)
      .default(6)
      .describe('The most refusals that are published to one customer in a minute.'),
    refusalsPerMinute: wholeNumber(0, 1_000_000)
      .default(300)
      .describe('The most refusals that are published in a minute.'),
  })
  .prefault({})
  .describe('Which jobs are taken, and how many.')

const publish = z
  .strictObject({
    quorum: wholeNumber(1, 20)
      .default(1)
      .describe('How many relays must accept an event before it counts as delivered.'),
    retryHours: wholeNumber(1, 720)
      .default(24)
      .describe('How long an event is offered to relays that have not accepted it, in hours.'),
    maxEventBytes: wholeNumber(4096, 1_048_576)
      .default(65_536)
      .describe('Largest signed event that the relays are taken to accept, in bytes.'),
    maxPowBits: wholeNumber(0, 28)
      .default(20)
      .describe('Most bits of proof of work that are done for a relay that asks for it (NIP-13); 0 for none.'),
  })
  .prefault({})
  .describe('How events are published.')

const settlement = z
  .strictObject({
    sweepSeconds: wholeNumber(1, 3600)
      .default(30)
      .describe('Time between two sweeps of a wallet for payments that were not notified, in seconds.'),
    statusRequestsPerSecond: wholeNumber(1, 1000)
      .default(10)
      .describe('The most status requests to one origin in a second, shared by all jobs.'),
    graceSeconds: wholeNumber(0, 86_400)
      .default(600)
      .describe('How long after its expiry an invoice is still watched as closely as before, in seconds.'),
    lateHours: wholeNumber(0, 720)
      .default(24)
      .describe('How long after its expiry an invoice is still swept, slowly, for a late payment, in hours.'),
    reviveDays: wholeNumber(1, 90)
      .default(7)
      .describe('How long a payment proof revives an expired job before the job is archived, in days.'),
    minPaymentWindowSeconds: wholeNumber(5, 86_400)
      .default(60)
      .describe('Shortest time to pay that an invoice must leave when it is offered, in seconds.'),
  })
  .superRefine(({ graceSeconds, lateHours, reviveDays }, ctx) => {
    const say = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
    if (lateHours > reviveDays * 24) {
      say('lateHours', `is ${lateHours}, longer than reviveDays (${reviveDays} days): lower it or raise reviveDays`)
    }
    if (graceSeconds > reviveDays * 86_400) {
      say(
        'graceSeconds',
        `is ${graceSeconds}, longer than reviveDays (${reviveDays} days): lower it or raise reviveDays`,
      )
    }
  })
  .prefault({})
  .describe('How payments are found.')

export const SETTINGS = {
  key: secretReference()
    .describe(
      'Where the key of the daemon is kept: { file } or { env } of an nsec, 64 hex digits, an ncryptsec or a bunker:// address.',
    )
    .meta({ examples: [{ file: './tollbridge.key' }] }),
  keyPassword: secretReference()
    .optional()
    .describe('Where the password of an ncryptsec (NIP-49) is kept: { file } or { env }.')
    .meta({ examples: [{ file: './tollbridge.password' }] }),
  signerTimeoutSeconds: wholeNumber(1, 600)
    .default(15)
    .describe('How long a remote signer (bunker://) may take for each answer, in seconds.'),
  stateDirectory: filePath().default('./state').describe('Directory of saved jobs and of the control socket.'),
  network: z
    .enum(['mainnet', 'testnet', 'signet', 'regtest'])
    .default('mainnet')
    .describe('Bitcoin network of every invoice: mainnet, testnet, signet or regtest.'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error'])
    .default('info')
    .describe('Least severity that is logged: debug, info, warn or error.'),
  relays,
  upstreams: z.array(upstreamSchema).min(1).max(50).describe('The L402-gated APIs to which jobs are carried.'),
  wallets,
  jobs,
  admission,
  inputs,
  publish,
  blobs,
  settlement,
  encryption,
  dispatch,
  announce,
  handlers: z
    .array(filePath())
    .max(50)
    .superRefine(withoutRepeats)
    .default([])
    .describe('Paths of further handler modules, which translate other kinds of job.'),
} as const

export const settingsSchema = z
  .strictObject(SETTINGS)
  .describe('The configuration of Tollbridge. Paths are relative to the configuration file.')

/** The settings as written, with defaults; nothing is read or resolved yet. */
export type Settings = z.output<typeof settingsSchema>
export type UpstreamSettings = Settings['upstreams'][number]
export type RouteSettings = UpstreamSettings['routes'][number]
export type { SecretReference }

/** What may a relay send? Frames through the real pool to the real intake, and documents and lists that relays keep. */
import type { NostrEvent } from '../../../src/core/event.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import { eventHash, parseEvent, signEvent, verifyEvent } from '../../../src/nostr/event.js'
import { parseAttestation } from '../../../src/nostr/kinds/attestation.js'
import { parseListing } from '../../../src/nostr/kinds/listing.js'
import { parseRank } from '../../../src/nostr/kinds/rank.js'
import { parseInboxList, parseRelayList } from '../../../src/nostr/kinds/relay-list.js'
import { parseRelayLimits } from '../../../src/nostr/relay-information.js'
import { provenWork } from '../../../src/nostr/work.js'
import { admissibleRelays } from '../../../src/policies/reply-relays.js'
import { bend, bendJson, type Random } from '../../support/mutations.js'
import { customerKey, customerPubkey, NOW_S, PROVIDER, signJob } from '../../support/sign-jobs.js'
import { must, type Target } from '../target.js'
import { createWorld, type World } from '../world.js'

const JOB = signJob()
const TAGS = [
  ['p', PROVIDER],
  ['param', 'method', 'GET'],
  ['param', 'path', '/joke/1'],
  ['param', 'query', 'a=b'],
  ['param', 'body', '{}'],
  ['bid', '21000'],
  ['relays', 'wss://a.test', 'ws://127.0.0.1'],
  ['i', 'data', 'text', 'wss://a.test', 'input'],
  ['output', 'application/json'],
  ['expiration', String(NOW_S + 60)],
  ['nonce', '1', '8'],
  ['t', 'weather'],
]

/** The shape that signing needs: whatever was bent is signed as text. */
function templateOf(value: unknown): Pick<NostrEvent, 'kind' | 'created_at' | 'tags' | 'content'> {
  const { tags, content } = (typeof value === 'object' && value !== null ? value : {}) as Partial<NostrEvent>
  const lists = Array.isArray(tags) ? tags.filter((tag) => Array.isArray(tag)).map((tag) => tag.map(String)) : TAGS
  return { kind: 5800, created_at: NOW_S, tags: [['p', PROVIDER], ...lists], content: String(content ?? '') }
}

export function signBent(random: Random, further: readonly string[][] = []): NostrEvent {
  const template = templateOf(bend({ tags: [...TAGS, ...further], content: 'x' }, random, 12))
  const customer = 1 + random.below(20)
  return signEvent(template, customerKey(customer), customerPubkey(customer), Buffer.alloc(32, 1))
}

function frameOf(random: Random, subscription: string, live: NostrEvent): string {
  const event = random.below(3) === 0 ? live : { ...JOB, id: random.bytes(32).toString('hex') }
  const frames: readonly unknown[] = [
    ['EVENT', subscription, event],
    ['EVENT', subscription, event],
    ['EVENT', subscription, event],
    ['EVENT', 'another', event],
    ['EOSE', subscription],
    ['CLOSED', subscription, random.pick(['auth-required: x', 'error: x', 'rate-limited:', 'restricted: x', ''])],
    [
      'OK',
      event.id,
      random.below(2) === 0,
      random.pick(['', 'duplicate: x', 'pow: 20', 'invalid: too large', 'error']),
    ],
    ['NOTICE', 'x'.repeat(random.below(400))],
    ['AUTH', random.bytes(random.below(40)).toString('hex')],
    ['COUNT', subscription, { count: 1 }],
    ['NEG-MSG', subscription, 'ff'],
  ]
  const frame = random.pick(frames)
  return random.below(3) === 0 ? JSON.stringify(frame) : bendJson(frame, random)
}

export function relayTargets(): Target[] {
  let world: World = createWorld()
  const renew = async (): Promise<void> => {
    must(world.errors.length === 0, `no fault was written down: ${world.errors[0] ?? ''}`)
    await world.stop()
    world = createWorld()
  }
  const live = Array.from({ length: 40 }, (_, number) => signJob({ number: number + 1, customer: 1 + (number % 7) }))
  const documents = [
    { kind: 10_002, tags: [['r', 'wss://a.test', 'read'], ['r', 'wss://b.test']] }, // prettier-ignore
    { kind: 10_050, tags: [['relay', 'wss://a.test']] },
    { kind: 30_382, tags: [['d', PROVIDER], ['rank', '89']] }, // prettier-ignore
    { kind: 31_990, tags: [['d', 'x'], ['k', '5800']], content: '{"name":"x","pricing":[{"capability":"a","price":1}]}' }, // prettier-ignore
    { kind: 31_000, tags: [['d', 'x'], ['type', 'endorsement'], ['p', PROVIDER]] }, // prettier-ignore
  ].map((part) => ({ ...JOB, content: '', ...part }))
  const limits = {
    limitation: { max_message_length: 65_536, max_event_tags: 2_000, min_pow_difficulty: 8, auth_required: true },
    supported_nips: [1, 11, 42],
  }

  return [
    {
      name: 'relay frames',
      share: 44,
      renew,
      run(random) {
        const subscription = random.pick([...world.requests(), 'none'])
        world.feed(frameOf(random, subscription, random.pick(live)))
      },
    },
    {
      name: 'frames of any text',
      share: 8,
      run: (random) =>
        world.feed(random.join(['[', ']', '"', 'EVENT', ',', '{', '}', '"id":"', 'a', ':', '\\', ' '], 60)),
    },
    {
      name: 'unsigned events',
      share: 12,
      run(random) {
        const event = parseEvent(random.below(2) === 0 ? bend(JOB, random) : safeParse(bendJson(JOB, random)))
        if (isMalformed(event)) return
        if (verifyEvent(event)) must(eventHash(event.pubkey, event).toString('hex') === event.id, 'the id is the hash')
        world.intake.receive(event, 'wss://fuzz.test/')
        must(provenWork(event) <= 256, 'work is bounded')
      },
    },
    {
      name: 'signed jobs',
      share: 2,
      run: (random) => world.intake.receive(signBent(random), 'wss://fuzz.test/'),
    },
    {
      name: 'lists, ranks and announcements',
      share: 6,
      run(random) {
        const event = parseEvent(bend(random.pick(documents), random, 12))
        if (isMalformed(event)) return
        const [read, inbox] = [parseRelayList(event), parseInboxList(event)]
        const named = [...(isMalformed(read) ? [] : read.read), ...(isMalformed(inbox) ? [] : inbox)]
        for (const url of admissibleRelays(named, { max: 5, allowPrivate: false, own: new Set() })) {
          must(/^wss?:\/\/[^@]+$/.test(url), 'a relay is a relay')
        }
        const rank = parseRank(event)
        must(isMalformed(rank) || (rank.rank >= 0 && rank.rank <= 100), 'a rank is within its bounds')
        parseListing(event)
        parseAttestation(event)
      },
    },
    {
      name: 'relay documents (NIP-11)',
      share: 3,
      run: (random) => void parseRelayLimits(bend(limits, random)),
    },
  ]
}

export function safeParse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

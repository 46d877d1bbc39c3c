/** What may come sealed? Encrypted jobs, gift wraps, and the messages of agents inside them. */
import type { NostrEvent, Rumor } from '../../../src/core/event.js'
import { isMalformed, type Pubkey } from '../../../src/core/identifiers.js'
import { createEncryption } from '../../../src/nostr/encryption.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { openWrap, rumorOf, unwrapRumor } from '../../../src/nostr/gift-wrap.js'
import { parseDispatch, serialiseDispatch, type DispatchMessage } from '../../../src/nostr/kinds/dispatch.js'
import { parseFieldTask } from '../../../src/nostr/kinds/field-dispatch.js'
import { parsePrivateTags } from '../../../src/nostr/kinds/private-tags.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { bend, bendJson, mutate, type Random } from '../../support/mutations.js'
import { customerKey, customerPubkey, NOW_S, PROVIDER, PROVIDER_KEY } from '../../support/sign-jobs.js'
import { must, type Target } from '../target.js'
import { createWorld } from '../world.js'

const ANNA = customerKey(1)
const ANNAS = customerPubkey(1)
const BASE64 = 'ABCDEFGHIJKLMNOPabcdefghijkl0123456789+/='
const ENTROPY = Buffer.alloc(32, 1)
const PRIVATE = [['param', 'method', 'GET'], ['param', 'path', '/joke'], ['i', 'x', 'text']] // prettier-ignore

const REQUEST: DispatchMessage = {
  ...{ type: 'dispatch-request', id: 'r1', ts: '2026-01-01T00:00:00Z', task: 'api/joke', params: { a: 'b' } },
  ...{ inputs: [['i', 'x', 'text']], maxMsat: 21_000 as never, deadline: NOW_S + 600, re: null },
}
const about = { re: 'r1', ts: '2026-01-01T00:00:00Z' }
const MESSAGES: readonly unknown[] = [
  JSON.parse(serialiseDispatch(REQUEST)),
  { v: 1, type: 'dispatch-think', id: 'x', ts: '2027-01-15T08:00:00Z', prompt: 'GET /joke' },
  { v: 1, type: 'dispatch-build', id: 'x', ts: '2027-01-15T08:00:00Z', prompt: '{"method":"GET","path":"/joke"}' },
  { v: 1, type: 'dispatch-accept', ...about, price_msat: 21_000, exact: true, delivers: 'x' },
  { v: 1, type: 'dispatch-counter', ...about, price_msat: 21_000, reason: 'x' },
  { v: 1, type: 'dispatch-refuse', ...about, code: 'path-not-allowed', reason: 'x' },
  { v: 1, type: 'dispatch-invoice', ...about, amount_msat: 21_000, bolt11: 'lnbc1', expires: 'x' },
  { v: 1, type: 'dispatch-result', ...about, output: 'x', tags: [['http-status', '200']] },
  { v: 1, type: 'dispatch-failure', ...about, error: 'x', credential: { token: 'x' } },
  { v: 1, type: 'dispatch-proof', ...about, preimage: '00'.repeat(32) },
  { v: 1, type: 'dispatch-cancel', ...about, note: 'x' },
]

function wrapOf(random: Random, seal: unknown): NostrEvent {
  const onceKey = Buffer.alloc(32, 1 + random.below(50))
  const encryption = createEncryption(onceKey)
  const content = encryption.encrypt(PROVIDER, typeof seal === 'string' && seal !== '' ? seal : 'x')
  const bent = random.below(6) === 0 ? mutate(content, random, BASE64) : content
  const wrap = { kind: 1059, created_at: NOW_S, tags: [['p', PROVIDER]], content: bent }
  return signEvent(wrap, onceKey, pubkeyOf(onceKey), ENTROPY)
}

/** A wrap in which something, somewhere, is not as it should be. */
function bentWrap(random: Random): { readonly wrap: NostrEvent; readonly author: Pubkey } {
  const content = bendJson(random.pick(MESSAGES), random)
  const rumor = rumorOf(ANNAS, { kind: random.pick([14, 5800, 5, 7402]), created_at: NOW_S, tags: PRIVATE, content })
  const claimed = random.below(5) === 0 ? { ...rumor, pubkey: random.pick([PROVIDER, 'f'.repeat(64), '']) } : rumor
  const inner = random.below(2) === 0 ? JSON.stringify(claimed) : bendJson(claimed, random)
  const sealed = createEncryption(ANNA).encrypt(PROVIDER, inner === '' ? 'x' : inner.slice(0, 60_000))
  const template = { kind: 13, created_at: NOW_S, tags: random.below(9) === 0 ? [['x']] : [], content: sealed }
  const seal = signEvent(template, ANNA, ANNAS, ENTROPY)
  const json = random.below(3) === 0 ? bendJson(seal, random) : JSON.stringify(seal)
  return { wrap: wrapOf(random, json.slice(0, 60_000)), author: ANNAS }
}

export function sealedTargets(): Target[] {
  const signer = createKeySigner(PROVIDER_KEY)
  const annas = createEncryption(ANNA)
  let world = createWorld()
  const renew = async (): Promise<void> => {
    must(world.errors.length === 0, `no fault was written down: ${world.errors[0] ?? ''}`)
    await world.stop()
    world = createWorld()
  }
  return [
    {
      name: 'encrypted jobs',
      share: 1,
      renew,
      run(random) {
        const plain = bendJson(PRIVATE, random).slice(0, 60_000)
        const content = annas.encrypt(PROVIDER, plain === '' ? '[]' : plain, random.pick(['nip44', 'nip04']))
        const bent = random.below(4) === 0 ? mutate(content, random, `${BASE64}?iv`) : content
        const tags = [['p', PROVIDER], ['encrypted']]
        const job = signEvent({ kind: 5800, created_at: NOW_S, tags, content: bent }, ANNA, ANNAS, ENTROPY)
        world.intake.receive(job, 'wss://fuzz.test/')
      },
    },
    {
      name: 'gift wraps',
      share: 1,
      async run(random) {
        const { wrap, author } = bentWrap(random)
        const rumor = await (random.below(2) === 0 ? openWrap(signer, wrap) : unwrapRumor(signer, wrap))
        if (isMalformed(rumor)) return
        must(rumor.pubkey === author, 'only the key that sealed speaks')
        must(rumorOf(rumor.pubkey, rumor).id === rumor.id, 'the id of a rumor is computed')
        world.sorting.deliver(rumor, 'wss://fuzz.test/')
      },
    },
    {
      name: 'ciphertexts',
      share: 1,
      run: (random) =>
        signer
          .decrypt(ANNAS, random.join([...BASE64, '?iv=', 'A', '='], 300), random.pick(['nip44', 'nip04']))
          .then(() => undefined, mustBeError),
    },
    {
      name: 'messages between agents',
      share: 9,
      run(random) {
        const content = bendJson(random.pick(MESSAGES), random)
        const kind = random.below(20) === 0 ? 5 : 14
        const author = customerPubkey(1 + random.below(5))
        const rumor: Rumor = rumorOf(author, { kind, created_at: NOW_S, tags: PRIVATE, content })
        parseDispatch(rumor)
        parseFieldTask(rumor)
        if (random.below(6) === 0) world.sorting.deliver(rumor, 'wss://fuzz.test/')
      },
    },
    {
      name: 'private tags',
      share: 3,
      run(random) {
        const tags = parsePrivateTags(
          bendJson(random.below(3) === 0 ? { tags: bend(PRIVATE, random) } : PRIVATE, random),
        )
        if (isMalformed(tags)) return
        must(
          tags.every((tag) => Array.isArray(tag) && tag.every((item) => typeof item === 'string')),
          'tags are texts',
        )
      },
    },
  ]
}

function mustBeError(error: unknown): void {
  must(error instanceof Error, 'what cannot be opened is told by an Error')
}

/** Is an answer believed only when the provider gave it, whatever relays send? */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { EventId } from '../../../src/core/identifiers.js'
import { decodeOutput, parseAnswer, type Answer } from '../../../src/customer/answer.js'
import { createAnswerSource } from '../../../src/customer/answer-source.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import type { RelayPool, SubscriptionRequest } from '../../../src/ports.js'

const provider = createKeySigner(randomBytes(32))
const stranger = createKeySigner(randomBytes(32))
const customer = createKeySigner(randomBytes(32))
const jobId = 'aa'.repeat(32) as EventId
const other = 'ee'.repeat(32)
const expected = { jobId, provider: provider.pubkey, customer: customer.pubkey, resultKind: 6800 }

const sign = (changes: { kind?: number; tags?: string[][]; content?: string } = {}, signer = provider) =>
  signer.sign({
    kind: 6800,
    created_at: 1_800_000_000,
    tags: [
      ['e', jobId],
      ['p', customer.pubkey],
    ],
    content: 'a joke',
    ...changes,
  })

it('believes the addressed provider', async () => {
  expect(parseAnswer(await sign(), expected)).toMatchObject({ type: 'result', result: { content: 'a joke' } })
  const status = [['e', jobId], ['p', customer.pubkey], ['status', 'processing']] // prettier-ignore
  expect(parseAnswer(await sign({ kind: 7000, tags: status }), expected)).toMatchObject({
    type: 'feedback',
    feedback: { status: 'processing' },
  })
})

it.each<[string, () => Promise<unknown>]>([
  ['by a stranger', () => sign({}, stranger)],
  ['about another job', () => sign({ tags: [['e', other], ['p', customer.pubkey]] })], // prettier-ignore
  ['about another job first', () => sign({ tags: [['e', other], ['e', jobId], ['p', customer.pubkey]] })], // prettier-ignore
  ['for another customer', () => sign({ tags: [['e', jobId], ['p', other]] })], // prettier-ignore
  ['for nobody', () => sign({ tags: [['e', jobId]] })],
  ['of another kind', () => sign({ kind: 6801 })],
  ['of a kind that is no answer', () => sign({ kind: 1 })],
  ['with changed content', async () => ({ ...(await sign()), content: 'a lie' })],
  ['with a borrowed id', async () => ({ ...(await sign()), id: other })],
  ['with the signature of another event', async () => ({ ...(await sign()), sig: (await sign({ content: 'x' })).sig })],
  ['with the name of the provider and a strange signature', async () => ({ ...(await sign({}, stranger)), pubkey: provider.pubkey })], // prettier-ignore
  ['without a status', () => sign({ kind: 7000 })],
  ['that is no event', async () => 'EVENT'],
  ['that is nothing', async () => null],
])('does not believe an answer %s', async (_, answer) => {
  expect(parseAnswer(await answer(), expected)).toHaveProperty('malformed')
})

it('is not kept from a real answer by a forged one that borrowed its id', async () => {
  const real = await sign()
  const forged: NostrEvent = { ...real, content: 'a lie' }
  let request: SubscriptionRequest | undefined
  const relayPool = {
    fetch: async () => ({ events: [forged], answered: 1 }),
    subscribe: (given: SubscriptionRequest) => {
      request = given
      return { close: () => undefined }
    },
  } as unknown as RelayPool
  const reasons: string[] = []
  const heard: Answer[] = []
  const source = createAnswerSource({
    relayPool,
    relays: [],
    expected,
    signer: customer,
    onDisbelieved: (why) => reasons.push(why),
  })
  expect(await source.stored(1)).toEqual([])
  source.listen((answer) => heard.push(answer))
  expect(request?.known(real.id)).toBe(false)
  for (const event of [forged, real, real, forged]) request?.onEvent(event, 'ws://relay')
  await expect.poll(() => heard.map(({ event }) => event.content)).toEqual(['a joke'])
  expect(request?.known(real.id)).toBe(true)
  expect(reasons).toHaveLength(3)
})

it('puts stored answers that decide before those that do not', async () => {
  const about = [['e', jobId], ['p', customer.pubkey]] // prettier-ignore
  const feedback = (...status: string[]) => sign({ kind: 7000, tags: [...about, ['status', ...status]], content: '' })
  const events = [
    await feedback('processing'),
    await feedback('payment-required'),
    await feedback('error'),
    await sign(),
  ]
  const relayPool = { fetch: async () => ({ events, answered: 1 }) } as unknown as RelayPool
  const source = createAnswerSource({
    relayPool,
    relays: [],
    expected,
    signer: customer,
    onDisbelieved: () => undefined,
  })
  const kinds = (await source.stored(1)).map((a) => (a.type === 'result' ? 'result' : a.feedback.status))
  expect(kinds).toEqual(['result', 'error', 'payment-required', 'processing'])
})

it('decodes bytes only from what is base64', () => {
  expect(decodeOutput('AP8=', 'base64')).toEqual(Buffer.from([0, 255]))
  expect(decodeOutput('', 'base64')).toEqual(Buffer.alloc(0))
  expect(decodeOutput('no base64!', 'base64')).toHaveProperty('malformed')
  expect(decodeOutput('grüße', 'text')).toEqual(Buffer.from('grüße'))
})

/** An answer takes the way that its size allows: in the event, without the copy of the request, or in a blob that was paid for. */
import { describe, expect, it } from 'vitest'
import { tagValue, type NostrEvent } from '../../../src/core/event.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { Delivery, Publishing } from '../../../src/core/job.js'
import { transition, type Fact } from '../../../src/core/transition.js'
import { parseJobResult } from '../../../src/nostr/kinds/job-result.js'
import type { BlobOutcome, BlobStore, RelayLimits } from '../../../src/ports.js'
import { offering } from '../../../src/steps/offering.js'
import { publishing } from '../../../src/steps/publishing.js'
import { quoting } from '../../../src/steps/quoting.js'
import { jobIn, sampleOutput } from '../../support/sample-jobs.js'
import { PROVIDER, signJob } from '../../support/sign-jobs.js'
import { createStepWorld, OWN_RELAY } from '../../support/step-world.js'

const POINTER = {
  ...{ urls: ['https://blobs.test/x'], contentType: 'application/json', size: 100_016 },
  ...{ x: 'aa'.repeat(32), ox: 'bb'.repeat(32), key: 'cc'.repeat(32), nonce: 'dd'.repeat(12) },
}
const STORED: BlobOutcome = { type: 'stored', pointer: POINTER }
const FAILED: BlobOutcome = { type: 'failed', reason: 'https://blobs.test: away' }
const REQUEST = signJob({
  tags: [
    ['p', PROVIDER],
    ['param', 'method', 'GET'],
  ],
})

function scriptedBlobs(...outcomes: readonly BlobOutcome[]): BlobStore & { readonly puts: Uint8Array[] } {
  const left = [...outcomes]
  const puts: Uint8Array[] = []
  return {
    puts,
    maxBytes: 1_000_000,
    async put(content) {
      puts.push(content)
      return (left.length > 1 ? left.shift() : left[0]) ?? STORED
    },
  }
}

const limited = (limits: Partial<RelayLimits>): RelayLimits => ({
  ...{ maxMessageBytes: null, maxEventBytes: null, maxContentChars: null, maxTags: null, minPow: null },
  ...{ authRequired: null, paymentRequired: null, restrictedWrites: null, createdAtLower: null, createdAtUpper: null },
  ...limits,
})

const jobOf = (length: number, changes: Partial<Publishing> = {}): Publishing =>
  ({
    ...jobIn('publishing'),
    request: JSON.stringify(REQUEST),
    replyRelays: ['wss://x.test/'],
    output: { ...sampleOutput, content: 'x'.repeat(length) },
    ...changes,
  }) as Publishing

const eventOf = (fact: object): NostrEvent =>
  JSON.parse((fact as { delivery: Delivery }).delivery.event ?? '') as NostrEvent
const followed = (job: Publishing, fact: object): Publishing => transition(job, fact as Fact, 5) as Publishing

describe('a result', () => {
  it('too large for any event is saved, then uploaded, then led to', async () => {
    const blobs = scriptedBlobs(STORED)
    const { context } = createStepWorld({ context: { blobs } })
    const job = jobOf(100_000)
    const first = await publishing(context, job)
    expect([first, blobs.puts]).toEqual([{ type: 'outsized' }, []])
    const saved = followed(job, first)
    expect(saved).toMatchObject({ state: 'publishing', inBlob: true, output: job.output })
    const event = eventOf(await publishing(context, saved))
    const result = parseJobResult(event)
    if (isMalformed(result)) throw new Error(result.malformed)
    expect([result.content, result.pointer, result.contentType]).toEqual(['', POINTER, 'application/json'])
    expect([blobs.puts[0]?.length, tagValue(event, 'request')]).toEqual([100_000, JSON.stringify(REQUEST)])
  })

  it('of bytes that are no text is uploaded as those bytes, and says how it would have read', async () => {
    const blobs = scriptedBlobs(STORED)
    const { context } = createStepWorld({ context: { blobs } })
    const bytes = Buffer.alloc(80_000, 255)
    const output = { ...sampleOutput, content: bytes.toString('base64'), encoding: 'base64' } as const
    const event = eventOf(await publishing(context, jobOf(0, { output, inBlob: true })))
    expect(Buffer.from(blobs.puts[0]!).equals(bytes)).toBe(true)
    expect(tagValue(event, 'encoding')).toBe('base64')
  })

  it.each([
    ['maxMessageBytes', 16_384],
    ['maxEventBytes', 16_384],
    ['maxContentChars', 10_000],
    ['maxTags', 3],
  ] as const)('heeds what a relay says of itself: %s', async (name, value) => {
    const { context, pool } = createStepWorld({ context: { blobs: scriptedBlobs() } })
    const known = { ...context, relays: { ...pool, limits: () => limited({ [name]: value }) } }
    expect(await publishing(known, jobOf(20_000))).toEqual({ type: 'outsized' })
    expect(await publishing(context, jobOf(20_000))).toMatchObject({ type: 'signed' })
  })

  it('is tried all the same where there is no other way for it', async () => {
    const { context, pool } = createStepWorld()
    const known = { ...context, relays: { ...pool, limits: () => limited({ maxMessageBytes: 16_384 }) } }
    expect(await publishing(known, jobOf(20_000))).toMatchObject({ type: 'signed' })
  })

  it('goes inline where enough relays of the customer take it, and is not sent to those that do not', async () => {
    const { context, pool } = createStepWorld({ context: { blobs: scriptedBlobs() } })
    const limits = (relay: string) => (relay === 'wss://small.test/' ? limited({ maxMessageBytes: 1_000 }) : null)
    const job = jobOf(5_000, { replyRelays: ['wss://small.test/', 'wss://x.test/'] })
    const fact = (await publishing({ ...context, relays: { ...pool, limits } }, job)) as { delivery: Delivery }
    expect(fact.delivery.relays).toMatchObject({
      'wss://small.test/': expect.stringMatching(/^refused: too large/) as string,
      'wss://x.test/': 'pending',
      [OWN_RELAY]: 'pending',
    })
  })

  it('that relays refuse for its size after all is taken back, and goes into a blob', async () => {
    const blobs = scriptedBlobs(STORED)
    const { context } = createStepWorld({ context: { blobs } })
    const job = jobOf(20_000)
    const signed = followed(job, await publishing(context, job))
    expect(signed.output).toEqual(job.output)
    const [delivery] = signed.outbox as [Delivery]
    delivery.relays['wss://x.test/'] = 'refused: too large (invalid: event too large)'
    const fact = await publishing(context, signed)
    expect([fact, delivery.event]).toEqual([{ type: 'outsized' }, null])
    const again = followed(signed, fact)
    expect(again.outbox).toEqual([])
    expect(tagValue(eventOf(await publishing(context, again)), 'url')).toBe(POINTER.urls[0])
  })

  it('that is small is not kept beside its signed event', async () => {
    const { context } = createStepWorld({ context: { blobs: scriptedBlobs() } })
    const job = jobOf(1_000)
    expect(followed(job, await publishing(context, job)).output).toBeNull()
  })

  it('waits for servers with back-off, and is never refused while they may come back', async () => {
    const blobs = scriptedBlobs(FAILED, FAILED, FAILED, STORED)
    const { context, clock } = createStepWorld({ context: { blobs } })
    const job = jobOf(100_000, { inBlob: true, updatedAt: clock.now() })
    const waits: number[] = []
    for (let fact = await publishing(context, job); fact.type === 'pause'; fact = await publishing(context, job)) {
      const until = fact.until ?? 0
      waits.push(until - clock.now())
      expect(await publishing(context, job)).toEqual(fact)
      await clock.advance(until - clock.now())
    }
    expect([waits, blobs.puts.length]).toEqual([[1_000, 2_000, 4_000], 4])
  })

  it('is owed after a day without a server, and another try begins with the answer, not with a call', async () => {
    const { context, clock } = createStepWorld({ context: { blobs: scriptedBlobs(FAILED) } })
    const job = jobOf(100_000, { inBlob: true, updatedAt: clock.now() - 86_400_001 })
    const fact = await publishing(context, job)
    expect(fact).toMatchObject({ type: 'refused', rejection: { rejected: 'undeliverable' } })
    const failing = followed(job, fact)
    const failed = transition(failing, { type: 'signed', delivery: { purpose: 'error' } as Delivery }, 6)
    const retried = transition(failed, { type: 'retried' }, 7)
    expect(retried).toMatchObject({ state: 'publishing', output: job.output })
    expect(retried).not.toHaveProperty('inBlob')
    expect(retried).not.toHaveProperty('answer')
  })

  it('leaves out inputs that relays would refuse the event for', async () => {
    const tags = [
      ['p', PROVIDER],
      ['i', 'short', 'text'],
      ['i', 'ü'.repeat(600), 'text'],
    ]
    const { context } = createStepWorld()
    const job = jobOf(10, { request: JSON.stringify(signJob({ tags })) })
    const inputs = eventOf(await publishing(context, job)).tags.filter(([name]) => name === 'i')
    expect(inputs).toEqual([['i', 'short', 'text']])
  })
})

describe('an answer that cannot be delivered', () => {
  it.each([
    ['no blob server', undefined, 70_000, null, true],
    ['no blob server', undefined, 60_000, null, false],
    ['no blob server, and the job came wrapped', undefined, 40_000, { type: 'wrapped' }, true],
    ['servers that take less', scriptedBlobs(), 1_000_001, null, true],
    ['servers that take as much', scriptedBlobs(), 1_000_000, null, false],
  ] as const)('is refused before anything is called: %s, %#', async (_, blobs, resultBytes, channel, refused) => {
    const { context, api } = createStepWorld({ route: { resultBytes }, context: blobs ? { blobs } : {} })
    const fact = await quoting(context, { ...jobIn('quoting'), ...(channel ? { channel } : {}) })
    const isTooLarge = fact.type === 'refused' && fact.rejection.rejected === 'result-too-large'
    expect([isTooLarge, api.requests.length === 0]).toEqual([refused, refused])
  })

  it('is refused before the invoice where the relays of the customer hold hardly anything', async () => {
    const { context, pool } = createStepWorld()
    const known = { ...context, relays: { ...pool, limits: () => limited({ maxMessageBytes: 1_024 }) } }
    expect(await offering(known, jobIn('offering'))).toMatchObject({ rejection: { rejected: 'result-too-large' } })
  })
})

/** What is said, to whom, and once: offers, results and errors, and what ends the waiting for a payment. */
import { describe, expect, it } from 'vitest'
import { CUSTOMER_ERRORS, type CustomerErrorCode } from '../../../src/core/errors.js'
import { tagValue, type NostrEvent } from '../../../src/core/event.js'
import type { Preimage } from '../../../src/core/identifiers.js'
import type { Delivery, Job, Publishing } from '../../../src/core/job.js'
import { createEncryption } from '../../../src/nostr/encryption.js'
import { verifyEvent } from '../../../src/nostr/event.js'
import { awaiting } from '../../../src/steps/awaiting.js'
import type { StepContext } from '../../../src/steps/context.js'
import { failing } from '../../../src/steps/failing.js'
import { offering } from '../../../src/steps/offering.js'
import { publishing } from '../../../src/steps/publishing.js'
import { jobIn, paidJobIn, sampleDelivery, sampleOffer, sampleOutput } from '../../support/sample-jobs.js'
import { customerKey, customerPubkey, PROVIDER, signJob } from '../../support/sign-jobs.js'
import { createStepWorld, OWN_RELAY } from '../../support/step-world.js'

const KEY = { kind: 'preimage', value: '00'.repeat(32) as Preimage } as const
const FOUND = { key: KEY, source: 'merchantWallet' } as const
const RELAY = 'ws://relay.test/'

function eventOf(fact: { type: string; delivery?: Delivery }): NostrEvent {
  const event = JSON.parse(fact.delivery?.event ?? '{}') as NostrEvent
  expect(verifyEvent(event)).toBe(true)
  return event
}

describe('offering', () => {
  it('signs the invoice once, to expire with it', async () => {
    const { context, sent, watched } = createStepWorld()
    const fact = await offering(context, jobIn('offering'))
    const event = eventOf(fact)
    expect(event.tags.slice(2)).toEqual([
      ['status', 'payment-required'],
      ['amount', '21000', sampleOffer.bolt11],
      ['expiration', String(sampleOffer.expiresAt / 1000)],
    ])
    expect(fact).toMatchObject({ delivery: { purpose: 'offer', notAfter: sampleOffer.expiresAt / 1000 } })
    expect([sent.length, watched.size]).toEqual([0, 0])
  })

  it('watches what is signed before it is sent', async () => {
    const order: string[] = []
    const { context } = createStepWorld()
    const settlements = { ...context.settlements, watch: () => void order.push('watch') }
    const job = { ...jobIn('offering'), outbox: [sampleDelivery('offer')] }
    const fact = await offering({ ...context, settlements, send: () => void order.push('send') }, job)
    expect([fact.type, ...order]).toEqual(['offered', 'watch', 'send'])
  })

  it('takes a payment that was found meanwhile', async () => {
    const { context, found } = createStepWorld()
    found.set(sampleOffer.paymentHash, FOUND)
    const fact = await offering(context, { ...jobIn('offering'), outbox: [sampleDelivery('offer')] })
    expect(fact).toMatchObject({ type: 'settled', key: KEY, attempt: { run: context.run } })
  })

  it.each([
    [2, 'signed'],
    [3, 'refused'],
  ])('with %i other unpaid invoices of three is %s', async (unpaid, type) => {
    const { context } = createStepWorld({ context: { unpaidOf: () => unpaid } })
    expect(await offering(context, jobIn('offering'))).toMatchObject({ type })
  })
})

describe('awaiting', () => {
  const at = async (ms: number, found = false) => {
    const world = createStepWorld()
    if (found) world.found.set(sampleOffer.paymentHash, FOUND)
    const job = jobIn('awaiting')
    const expiresAt = world.clock.now() + ms
    return { fact: await awaiting(world.context, { ...job, offer: { ...job.offer, expiresAt } }), world }
  }

  it('ends when the invoice and its grace are over', async () => {
    expect((await at(-60_000)).fact).toEqual({ type: 'lapsed' })
    const { fact, world } = await at(-59_999)
    expect(fact).toEqual({ type: 'pause', until: world.clock.now() + 1 })
    expect([world.watched.size, world.sent.length]).toEqual([1, 1])
  })

  it('takes a payment also after its time', async () => {
    expect((await at(-60_000, true)).fact).toMatchObject({ type: 'settled' })
  })
})

describe('publishing', () => {
  const REQUEST = signJob({
    tags: [
      ['p', PROVIDER],
      ['i', 'an input', 'text'],
      ['param', 'method', 'GET'],
    ],
  })
  const jobOf = (changes: Partial<Publishing> = {}): Publishing =>
    ({ ...jobIn('publishing'), request: JSON.stringify(REQUEST), ...changes }) as Publishing
  const withContent = (length: number) => jobOf({ output: { ...sampleOutput, content: 'x'.repeat(length) } })

  it('signs the whole result', async () => {
    const { context } = createStepWorld()
    const event = eventOf(await publishing(context, jobOf()))
    expect([event.kind, event.content]).toEqual([6800, sampleOutput.content])
    expect(event.tags).toEqual([
      ['request', JSON.stringify(REQUEST)],
      ['e', jobIn('publishing').id, RELAY],
      ['i', 'an input', 'text'],
      ['p', jobIn('publishing').customer],
      ['amount', '21000'],
      ['content-type', 'application/json'],
      ['http-status', '200'],
    ])
  })

  it('leaves the request out where its copy alone makes the result too large, and never otherwise', async () => {
    const { context } = createStepWorld({ settings: { maxEventBytes: 5_000 } })
    const sizeOf = (fact: object) => Buffer.byteLength((fact as { delivery: Delivery }).delivery.event ?? '')
    const small = await publishing(context, withContent(100))
    const overhead = sizeOf(small) - 100
    const most = await publishing(context, withContent(5_000 - overhead))
    expect([sizeOf(most), tagValue(eventOf(most as never), 'request') !== undefined]).toEqual([5_000, true])
    const slim = await publishing(context, withContent(5_001 - overhead))
    expect(tagValue(eventOf(slim as never), 'request')).toBeUndefined()
    expect(await publishing(context, withContent(5_000))).toMatchObject({ rejection: { rejected: 'result-too-large' } })
  })

  it('goes to the relays that the customer named, which alone count, and to our own', async () => {
    const { context } = createStepWorld()
    const named = await publishing(context, jobOf({ replyRelays: ['wss://x.test/'] }))
    expect(named).toMatchObject({ delivery: { counted: ['wss://x.test/'] } })
    const unnamed = (await publishing(context, jobOf())) as { delivery: Delivery }
    expect(unnamed.delivery.counted).toEqual([OWN_RELAY, RELAY])
    expect(Object.keys((named as typeof unnamed).delivery.relays)).toEqual(['wss://x.test/', OWN_RELAY, RELAY])
  })

  it.each([
    ['accepted', { type: 'delivered' }],
    ['pending', { type: 'pause' }],
    ['refused: too large (x)', { type: 'refused', rejection: { rejected: 'result-too-large' } }],
    ['refused: blocked', { type: 'refused', rejection: { rejected: 'undeliverable' } }],
  ] as const)('where the relay says %s', async (verdict, expected) => {
    const { context, sent } = createStepWorld()
    const outbox = [{ ...sampleDelivery('result'), relays: { [RELAY]: verdict } }]
    expect(await publishing(context, jobOf({ output: null, outbox }))).toMatchObject(expected)
    expect(sent).toHaveLength(1)
  })
})

describe('failing', () => {
  const sealedTo = (context: StepContext, event: NostrEvent) =>
    JSON.parse(createEncryption(customerKey()).decrypt(context.signer.pubkey, event.content)) as object
  const failed = (job: Job, code: CustomerErrorCode, httpStatus: number | null = null) =>
    ({ ...job, customer: customerPubkey(), failure: { code, detail: 'for the operator', httpStatus } }) as never

  it.each(Object.keys(CUSTOMER_ERRORS) as CustomerErrorCode[])(
    'says %s and its sentence, and nothing more',
    async (code) => {
      const { context } = createStepWorld()
      const event = eventOf(await failing(context, failed(jobIn('failing'), code, 404)))
      expect(event.tags.slice(2)).toEqual([
        ['status', 'error', code, CUSTOMER_ERRORS[code]],
        ['http-status', '404'],
      ])
      expect([event.content, JSON.stringify(event).includes('operator')]).toEqual(['', false])
    },
  )

  it('seals the credential to whoever paid, and to nobody else', async () => {
    const { context } = createStepWorld()
    const event = eventOf(await failing(context, failed(paidJobIn('failing'), 'upstream-failed')))
    expect(event.tags).toContainEqual(['encrypted'])
    expect(JSON.stringify(event)).not.toContain('token-of-the-sample')
    expect(sealedTo(context, event)).toMatchObject({
      type: 'l402-credential',
      url: 'https://public.test',
      authorization: `L402 token-of-the-sample:${KEY.value}`,
    })
    expect(() => createEncryption(customerKey(2)).decrypt(context.signer.pubkey, event.content)).toThrow()
  })

  it('hands over a suffix as a suffix, and no address where the upstream is gone', async () => {
    const { context } = createStepWorld()
    const paid = paidJobIn('failing') as Extract<Job, { payment: object }>
    const key = { kind: 'suffix', value: 'suffix-of-a-token' } as never
    const job = failed({ ...paid, secrets: { ...paid.secrets, key } } as Job, 'upstream-failed')
    const event = eventOf(await failing({ ...context, upstreams: new Map() }, job))
    const handover = sealedTo(context, event)
    expect(handover).toMatchObject({ url: null, token_suffix: 'suffix-of-a-token' })
    expect(handover).not.toHaveProperty('preimage')
  })
})

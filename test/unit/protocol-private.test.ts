/** Does PROTOCOL.md show what is said in private as it is said? */
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EventTemplate } from '../../src/core/event.js'
import { CUSTOMER_ERRORS } from '../../src/core/errors.js'
import { isMalformed, type EventId, type Pubkey } from '../../src/core/identifiers.js'
import type { Delivery } from '../../src/core/job.js'
import { msatFromSats, type Msat } from '../../src/core/money.js'
import { rumorOf } from '../../src/nostr/gift-wrap.js'
import { buildAcceptance, buildDispatchAnswer } from '../../src/nostr/kinds/dispatch-answer.js'
import { parseDispatch, serialiseDispatch } from '../../src/nostr/kinds/dispatch.js'
import { parseFieldTask } from '../../src/nostr/kinds/field-dispatch.js'
import { buildErrorFeedback, buildPaymentRequired, buildProcessing } from '../../src/nostr/kinds/job-feedback.js'
import { buildJobRequest } from '../../src/nostr/kinds/job-request.js'
import { buildJobResult } from '../../src/nostr/kinds/job-result.js'
import { encloseAnswer, encloseJob, openAnswer, parsePrivateTags } from '../../src/nostr/kinds/private-tags.js'

const page = readFileSync(join(resolve(import.meta.dirname, '../..'), 'PROTOCOL.md'), 'utf8')

function example<T = Record<string, unknown>>(name: string): T {
  const block = new RegExp(`\`\`\`json example=${name}\\n([\\s\\S]*?)\`\`\``).exec(page)
  if (!block?.[1]) throw new Error(`PROTOCOL.md has no example ${name}`)
  return JSON.parse(block[1]) as T
}

const provider = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' as Pubkey
const customer = 'c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5' as Pubkey
const jobId = '11d1a4e3d5b1c1bb1b1c9f6e0f3a7c5d9b8e7f6a5d4c3b2a190807060504030a' as EventId
const about = (createdAt: number) => ({ jobId, customer, relayHint: 'wss://relay.example.com/', createdAt })
const INVOICE = { amountMsat: 21_000 as Msat, bolt11: 'lnbc210n1…', expiresAt: 1_790_003_600 }

describe('§Encryption', () => {
  const job = buildJobRequest({
    provider,
    params: { method: 'GET', path: '/v1/weather', query: 'city=Funchal' },
    bidMsat: msatFromSats(50),
    relays: ['wss://relay.example.com'],
    expiresAt: null,
    createdAt: 1_790_000_000,
  })

  it('shows a job as our own customer encrypts it, inside and outside', () => {
    const { plaintext, outside } = encloseJob(job)
    expect(JSON.parse(plaintext)).toEqual(example('encrypted-job-content'))
    const shown = example<EventTemplate>('encrypted-job')
    expect({ ...outside, content: shown.content }).toEqual(shown)
    expect(parsePrivateTags(plaintext)).toEqual(example('encrypted-job-content'))
  })

  it('shows feedback as the bridge encrypts it, and it reads as in the open once decrypted', () => {
    const template = buildPaymentRequired({ ...about(1_790_000_001), ...INVOICE })
    const { plaintext, outside } = encloseAnswer(template)
    expect(JSON.parse(plaintext)).toEqual(example('encrypted-feedback-content'))
    expect(outside.tags.map(([name]) => name)).toEqual(['e', 'p', 'expiration', 'encrypted'])
    const opened = openAnswer({ ...outside, content: 'ciphertext' }, plaintext)
    if (isMalformed(opened)) throw new Error(opened.malformed)
    expect(new Set(opened.tags)).toEqual(new Set(template.tags))
  })
})

describe('§Dispatch', () => {
  const seconds = (iso: unknown): number => Date.parse(String(iso)) / 1000
  const accepted: readonly Delivery[] = [
    { eventId: jobId, purpose: 'accept', event: null, notAfter: null, relays: {}, counted: [] },
  ]
  const job = { id: jobId, customer, outbox: accepted, request: '' }
  const channel = { type: 'dispatch', dialect: 'tollbridge', requestId: 'r-7f3a' } as const
  const said = (template: EventTemplate, of: Partial<typeof job> = {}, credential: string | null = null): unknown =>
    JSON.parse(buildDispatchAnswer({ self: provider, job: { ...job, ...of }, channel, template, credential }).content)
  const error = (code: keyof typeof CUSTOMER_ERRORS, at: unknown) =>
    buildErrorFeedback({ ...about(seconds(at)), code, message: CUSTOMER_ERRORS[code], httpStatus: null, sealed: '' })

  it.each([
    'request',
    'accept',
    'counter',
    'refuse',
    'invoice',
    'status',
    'result',
    'failure',
    'proof',
    'ack',
    'cancel',
  ])('shows a dispatch-%s that is read, and written the same', (type) => {
    const shown = example(`dispatch-${type}`)
    const template = { kind: 14, created_at: 1_790_000_000, tags: [], content: JSON.stringify(shown) }
    const read = parseDispatch(rumorOf(customer, template))
    if (isMalformed(read)) throw new Error(read.malformed)
    expect(JSON.parse(serialiseDispatch(read))).toEqual(shown)
  })

  it('shows each answer as the bridge makes it of feedback and results', () => {
    const ts = (name: string) => seconds(example(name)['ts'])
    const terms = { re: 'r-7f3a', priceMsat: 21_000 as Msat, exact: true, delivers: 'GET /v1/weather' }
    const acceptance = buildAcceptance({ self: provider, job, channel }, { ...terms, createdAt: ts('dispatch-accept') })
    expect(JSON.parse(acceptance.content)).toEqual(example('dispatch-accept'))
    const invoice = buildPaymentRequired({ ...about(ts('dispatch-invoice')), ...INVOICE })
    expect(said(invoice)).toEqual(example('dispatch-invoice'))
    expect(said(buildProcessing(about(ts('dispatch-status'))))).toEqual(example('dispatch-status'))
    const refusal = error('task-unknown', example('dispatch-refuse')['ts'])
    expect(said(refusal, { outbox: [] })).toEqual(example('dispatch-refuse'))
    const tooDear = error('price-exceeds-bid', example('dispatch-counter')['ts'])
    const counter = { ...tooDear, tags: [...tooDear.tags, ['amount', '80000']] }
    expect(said(counter, { outbox: [] })).toEqual(example('dispatch-counter'))
    const failure = example('dispatch-failure')
    const credential = JSON.stringify(failure['credential'])
    expect(said(error('upstream-failed', failure['ts']), {}, credential)).toEqual(failure)
    const result = buildJobResult({
      ...about(ts('dispatch-result')),
      jobKind: 5800,
      request: null,
      inputs: [],
      amountMsat: 21_000 as Msat,
      output: { content: '{"celsius":22}', encoding: 'text', contentType: 'application/json', httpStatus: 200 },
    })
    expect(said(result)).toEqual(example('dispatch-result'))
  })

  it("shows another agent's task that is read, and the invoice in its words", () => {
    const think = example('dispatch-think')
    const template = { kind: 14, created_at: 1_790_000_000, tags: [], content: JSON.stringify(think) }
    expect(parseFieldTask(rumorOf(customer, template))).toMatchObject({ mode: 'think', id: think['id'] })
    const field = { type: 'dispatch', dialect: 'v1', requestId: 'think-mfk3z1-1' } as const
    const invoice = buildPaymentRequired({ ...about(seconds(example('dispatch-query')['ts'])), ...INVOICE })
    const draft = { self: provider, job, channel: field, template: invoice, credential: null }
    expect(JSON.parse(buildDispatchAnswer(draft).content)).toEqual(example('dispatch-query'))
  })
})

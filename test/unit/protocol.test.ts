import { createHash, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { CUSTOMER_ERRORS } from '../../src/core/errors.js'
import { isMalformed, type EventId, type PaymentHash, type Preimage, type Pubkey } from '../../src/core/identifiers.js'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import { eventHash, pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { handoverPlaintext } from '../../src/nostr/kinds/credential-handover.js'
import { buildHandlerInformation } from '../../src/nostr/kinds/announcement.js'
import { buildBlobServers } from '../../src/nostr/kinds/blob.js'
import { buildHeartbeat } from '../../src/nostr/kinds/heartbeat.js'
import { buildErrorFeedback, buildPaymentRequired, parseJobFeedback } from '../../src/nostr/kinds/job-feedback.js'
import { buildJobRequest, parseJobRequest } from '../../src/nostr/kinds/job-request.js'
import { buildJobResult, parseJobResult } from '../../src/nostr/kinds/job-result.js'
import { buildPartial } from '../../src/nostr/kinds/partial.js'
import {
  buildPaymentProof,
  jobOfProof,
  parseProofContent,
  proofPlaintext,
} from '../../src/nostr/kinds/payment-proof.js'
import httpHandler from '../../handlers/http.js'
import { withValues, type InputValue } from '../../src/core/job-input.js'
import { createCancellations } from '../../src/engine/cancellations.js'
import { provenWork } from '../../src/nostr/work.js'
import { msatFromSats, type Msat } from '../../src/core/money.js'
import { needsGathering } from '../../src/policies/inputs.js'
import { createLogRecorder } from '../support/store-parts.js'

const ROOT = resolve(import.meta.dirname, '../..')
const page = readFileSync(join(ROOT, 'PROTOCOL.md'), 'utf8')

/** The JSON block of that name, as the page prints it. */
function example<T = EventTemplate>(name: string): T {
  const block = new RegExp(`\`\`\`json example=${name}\\n([\\s\\S]*?)\`\`\``).exec(page)
  if (!block?.[1]) throw new Error(`PROTOCOL.md has no example ${name}`)
  return JSON.parse(block[1]) as T
}

const secretKey = randomBytes(32)
const sign = (template: EventTemplate): NostrEvent =>
  signEvent(template, secretKey, pubkeyOf(secretKey), randomBytes(32))
const job = example('job-request')
const [, provider] = job.tags[0] as [string, Pubkey]
const jobId = '11d1a4e3d5b1c1bb1b1c9f6e0f3a7c5d9b8e7f6a5d4c3b2a190807060504030a' as EventId
const customer = 'c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5' as Pubkey
const about = { jobId, customer, relayHint: 'wss://relay.example.com/', createdAt: 1_790_000_001 }

describe('PROTOCOL.md', () => {
  it('shows a job request as our own customer builds it and the daemon reads it', () => {
    const built = buildJobRequest({
      provider,
      params: { method: 'GET', path: '/v1/weather', query: 'city=Funchal', accept: 'application/json' },
      bidMsat: msatFromSats(50),
      relays: ['wss://relay.example.com'],
      expiresAt: 1_790_000_600,
      createdAt: 1_790_000_000,
    })
    expect(job).toEqual(built)
    const read = parseJobRequest(sign(job))
    if (isMalformed(read)) throw new Error(read.malformed)
    expect(read.params.get('path')).toBe('/v1/weather')
    expect(read.bidMsat).toBe(50_000)
    expect(read.relays).toEqual(['wss://relay.example.com'])
  })

  it('shows the offer as the daemon builds it', () => {
    const offer = { amountMsat: 21_000 as Msat, bolt11: 'lnbc210n1…', expiresAt: 1_790_003_600 }
    expect(example('payment-required')).toEqual(buildPaymentRequired({ ...about, ...offer }))
    const read = parseJobFeedback(sign(example('payment-required')))
    expect(read).toMatchObject({ status: 'payment-required', amountMsat: 21_000, bolt11: 'lnbc210n1…', jobId })
  })

  it('shows a payment proof that is read, and whose preimage fits', () => {
    const event = example('payment-proof')
    expect(event).toEqual(buildPaymentProof({ jobId, provider, sealed: event.content, createdAt: 1_790_000_100 }))
    expect(jobOfProof(sign(event))).toBe(jobId)
    const content = example<{ payment_hash: PaymentHash; preimage: Preimage }>('payment-proof-content')
    const read = parseProofContent(JSON.stringify(content))
    if (isMalformed(read)) throw new Error(read.malformed)
    expect(JSON.parse(proofPlaintext(read))).toEqual(content)
    expect(createHash('sha256').update(Buffer.from(read.preimage, 'hex')).digest('hex')).toBe(read.paymentHash)
  })

  it('shows the result as the daemon builds it', () => {
    const shown = example('job-result')
    const built = buildJobResult({
      ...about,
      createdAt: 1_790_000_102,
      jobKind: 5800,
      request: '{"kind":5800,…}',
      inputs: [],
      amountMsat: 21_000 as Msat,
      output: { content: shown.content, encoding: 'text', contentType: 'application/json', httpStatus: 200 },
    })
    expect(shown).toEqual(built)
    expect(parseJobResult(sign(shown))).toMatchObject({ jobId, amountMsat: 21_000, httpStatus: 200, encoding: 'text' })
  })

  it('shows inputs that are gathered, and where they go', () => {
    const read = parseJobRequest(sign(example('job-with-inputs')))
    if (isMalformed(read)) throw new Error(read.malformed)
    const rules = { types: new Set(['url', 'event', 'job'] as const), maxInputs: 8, allowPrivate: false }
    expect(needsGathering(read, rules)).toBe(true)
    const value = (content: string): InputValue => ({ content, encoding: 'text', contentType: null })
    const gathered = withValues(
      read,
      new Map([
        [0, { ...value('# Report'), contentType: 'text/markdown' }],
        [2, value('22 °C')],
      ]),
    )
    expect(httpHandler.toRequest(gathered)).toEqual({
      ...{ method: 'POST', path: '/v1/summary', query: 'city=Funchal&weather=22%20%C2%B0C' },
      ...{ headers: { 'content-type': 'text/markdown' }, body: '# Report' },
    })
  })

  it('shows a deletion that calls its job off', () => {
    const cancelled: string[] = []
    const event = sign(example('cancellation'))
    const cancellations = createCancellations({
      drive: { current: () => undefined, cancel: (id) => (cancelled.push(id), 'unknown') },
      store: { has: () => false },
      maxAgeMs: 600_000,
      clock: { now: () => event.created_at * 1000, after: () => () => undefined },
      log: createLogRecorder(),
    })
    cancellations.receive(event)
    expect(cancelled).toEqual([jobId])
  })

  it('shows a result with credit left as the daemon builds it', () => {
    const built = buildJobResult({
      ...{ ...about, createdAt: 1_790_000_102, jobKind: 5800, request: null, inputs: [], amountMsat: null },
      output: {
        ...{ content: '{"city":"Funchal","celsius":22}', encoding: 'text', contentType: 'application/json' },
        httpStatus: 200,
      },
      credit: { sats: 958, url: 'https://api.example.com' },
      credential: '<NIP-44 to the customer>',
    })
    expect(built).toEqual(example('job-result-credit'))
  })

  it('shows a result that leads to a blob as the daemon builds it', () => {
    const shown = example('job-result-blob')
    const read = parseJobResult(sign(shown))
    if (isMalformed(read) || read.pointer === null || isMalformed(read.pointer)) throw new Error('no pointer')
    const built = buildJobResult({
      ...about,
      createdAt: 1_790_000_102,
      jobKind: 5800,
      request: null,
      inputs: [],
      amountMsat: 21_000 as Msat,
      output: { content: 'never shown', encoding: 'base64', contentType: 'image/png', httpStatus: 200 },
      pointer: read.pointer,
    })
    expect(shown).toEqual(built)
    expect(read.pointer.urls).toHaveLength(2)
  })

  it('shows a piece of an answer as the daemon builds it', () => {
    const piece = { seq: 1, attempt: 1, expiresAt: 1_790_003_701, content: 'Once upon a time' }
    expect(example('partial')).toEqual(buildPartial({ ...about, createdAt: 1_790_000_101, ...piece }))
    expect(parseJobFeedback(sign(example('partial')))).toMatchObject({ status: 'partial', seq: 1, attempt: 1 })
  })

  it('shows an error as the daemon builds it', () => {
    const code = 'path-not-allowed'
    const built = buildErrorFeedback({ ...about, code, message: CUSTOMER_ERRORS[code], httpStatus: null, sealed: '' })
    expect(example('error')).toEqual(built)
  })

  it('shows where the work of a job stands, and how much a refusal asks for', () => {
    const shown = example('work')
    const mined = (nonce: number): EventTemplate => ({
      ...shown,
      tags: shown.tags.map((tag) => tag.map((item) => (item === 'NONCE' ? String(nonce) : item))),
    })
    let nonce = 0
    while (!eventHash(customer, mined(nonce)).toString('hex').startsWith('0000')) nonce += 1
    const id = eventHash(customer, mined(nonce)).toString('hex') as EventId
    expect(provenWork({ ...mined(nonce), id })).toBe(16)
    const refusal = buildErrorFeedback({
      ...{ ...about, code: 'work-required', message: '', httpStatus: null, sealed: '' },
      remedy: ['pow', '20'],
    })
    expect(refusal.tags).toContainEqual(['pow', '20'])
    expect(page).toContain('["pow", "20"]')
  })

  it('shows the credential as the daemon hands it over', () => {
    const shown = example<Record<string, string>>('credential')
    const built = handoverPlaintext({
      jobId,
      url: 'https://api.example.com',
      method: 'GET',
      target: '/v1/weather?city=Funchal',
      scheme: 'L402',
      token: 'AgEEbHNhdA==',
      key: { kind: 'preimage', value: '0'.repeat(64) as Preimage },
      paymentHash: '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925' as PaymentHash,
    })
    expect(shown).toEqual(JSON.parse(built))
  })

  it('shows the announcement as the daemon builds it', () => {
    const built = buildHandlerInformation({
      identifier: 'tollbridge',
      name: 'Weather',
      about: 'The weather of a city.',
      picture: null,
      topics: ['weather'],
      kinds: [5800],
      urls: [],
      capabilities: [
        {
          name: 'weather',
          description: null,
          methods: ['GET'],
          pattern: '/v1/weather',
          maxMsat: msatFromSats(100),
          priceMsat: msatFromSats(21),
        },
      ],
      params: {
        method: { required: true, values: ['GET'] },
        path: { required: true, values: ['/v1/weather'] },
        query: { required: false, values: [] },
        body: { required: false, values: [] },
        accept: { required: false, values: [] },
        'content-type': { required: false, values: [] },
      },
      encryption: true,
      createdAt: 1_790_000_000,
    })
    expect(example('handler-information')).toEqual(built)
  })

  it('shows the heartbeat as the daemon builds it', () => {
    const built = buildHeartbeat({ identifier: 'tollbridge', createdAt: 1_790_000_000, expiration: 1_790_000_600 })
    expect(example('heartbeat')).toEqual(built)
  })

  it('shows the list of blob servers as the daemon builds it', () => {
    const servers = ['https://blobs.example.net', 'https://blossom.example.com']
    expect(example('blob-servers')).toEqual(buildBlobServers(servers, 1_790_000_000))
  })

  it('lists every error code, and none that does not exist', () => {
    const table = page.slice(page.indexOf('| code | what you can do |'), page.indexOf('## When a paid job fails'))
    const listed = [...table.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code)
    expect([...listed].sort()).toEqual(Object.keys(CUSTOMER_ERRORS).sort())
  })
})

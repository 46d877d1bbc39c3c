/** Is what one side builds what the other side reads, and does a reader bear what others write? */
import { describe, expect, it } from 'vitest'
import { tagValue, type EventTemplate, type NostrEvent } from '../../../../src/core/event.js'
import { isMalformed, type EventId } from '../../../../src/core/identifiers.js'
import type { Msat } from '../../../../src/core/money.js'
import {
  buildErrorFeedback,
  buildPaymentRequired,
  buildProcessing,
  parseJobFeedback,
} from '../../../../src/nostr/kinds/job-feedback.js'
import { buildJobRequest, parseJobRequest } from '../../../../src/nostr/kinds/job-request.js'
import { buildJobResult, parseJobResult } from '../../../../src/nostr/kinds/job-result.js'
import {
  buildPaymentProof,
  jobOfProof,
  parseProofContent,
  proofPlaintext,
} from '../../../../src/nostr/kinds/payment-proof.js'
import { customerPubkey, PROVIDER, signAs, signJob } from '../../../support/sign-jobs.js'
import { paymentHashOf, preimageOf } from '../../../support/watch-targets.js'

const JOB = 'a'.repeat(64) as EventId
const about = { jobId: JOB, customer: customerPubkey(1), relayHint: 'wss://r.test/', createdAt: 5 }
const read = (template: EventTemplate): NostrEvent => signAs(1, template)
const withTags = (...tags: string[][]) => signJob({ tags })

describe('a job request', () => {
  it('is read as it was built', () => {
    const built = buildJobRequest({
      provider: PROVIDER,
      params: { method: 'GET', path: '/joke', settlement: 'proof' },
      bidMsat: 5 as Msat,
      relays: ['wss://a.test', 'wss://b.test'],
      expiresAt: 9,
      createdAt: 5,
    })
    expect(parseJobRequest(read(built))).toMatchObject({
      ...{ kind: 5800, createdAt: 5, bidMsat: 5, relays: ['wss://a.test', 'wss://b.test'], proofPromised: true },
      ...{
        params: new Map([
          ['method', 'GET'],
          ['path', '/joke'],
          ['settlement', 'proof'],
        ]),
        encrypted: false,
      },
    })
    expect(tagValue(built, 'expiration')).toBe('9')
  })

  it.each([
    ['an empty tag', [[]], {}],
    ['a param without a value', [['param', 'path']], { params: new Map() }],
    ['a param without a name', [['param']], { params: new Map() }],
    [
      'two params of one name',
      [
        ['param', 'a', '1'],
        ['param', 'a', '2'],
      ],
      { params: new Map([['a', '1']]) },
    ],
    ['an input without anything', [['i']], { inputs: [{ data: '', type: 'text', relay: null, marker: null }] }],
    ['relays over several tags', [['relays', 'a', 'b'], ['relays'], ['relays', 'b', 'c']], { relays: ['a', 'b', 'c'] }],
    ['forty relays', [['relays', ...Array.from({ length: 40 }, (_, n) => String(n))]], { relays: { length: 20 } }],
    ['a bid of nothing', [['bid', '0']], { bidMsat: 0 }],
    ['an output', [['output', 'text/plain']], { output: 'text/plain' }],
    ['another settlement', [['param', 'settlement', 'Proof']], { proofPromised: false }],
    ['an encrypted tag', [['encrypted']], { encrypted: true }],
  ])('bears %s', (_, tags, expected) => {
    expect(parseJobRequest(withTags(...tags))).toMatchObject(expected)
  })

  it.each([[[]], [['']], [['-1']], [['1.5']], [['1e3']], [['01']], [[' 1']], [['9007199254740993']], [['21 sats']]])(
    'with the bid %j is unreadable',
    (value) => {
      expect(parseJobRequest(withTags(['bid', ...value]))).toMatchObject({ code: 'invalid-bid' })
    },
  )

  it('with more tags than anybody needs is unreadable', () => {
    expect(isMalformed(parseJobRequest(withTags(...Array<string[]>(200).fill(['x']))))).toBe(false)
    expect(parseJobRequest(withTags(...Array<string[]>(201).fill(['x'])))).toMatchObject({ code: 'invalid-request' })
  })
})

describe('feedback', () => {
  it.each([
    [
      'an offer',
      buildPaymentRequired({ ...about, amountMsat: 7 as Msat, bolt11: 'lnbc1', expiresAt: 9 }),
      {
        ...{ status: 'payment-required', amountMsat: 7, bolt11: 'lnbc1', encrypted: false, content: '' },
      },
    ],
    ['processing', buildProcessing(about), { status: 'processing', amountMsat: null, bolt11: null }],
    [
      'an error',
      buildErrorFeedback({ ...about, code: 'c', message: 'm', httpStatus: 404, sealed: '' }),
      {
        ...{ status: 'error', detail: 'c', message: 'm', encrypted: false },
      },
    ],
    [
      'a sealed error',
      buildErrorFeedback({ ...about, code: 'c', message: 'm', httpStatus: null, sealed: 's' }),
      {
        ...{ status: 'error', encrypted: true, content: 's' },
      },
    ],
  ])('is read as it was built: %s', (_, template, expected) => {
    expect(parseJobFeedback(read(template))).toMatchObject({ jobId: JOB, provider: customerPubkey(1), ...expected })
  })

  it.each([
    [
      'an underscore',
      [
        ['e', JOB],
        ['status', 'payment_required'],
      ],
      { status: 'payment-required' },
    ],
    [
      'an amount without an invoice',
      [
        ['e', JOB],
        ['status', 'x'],
        ['amount', '5'],
      ],
      { amountMsat: 5, bolt11: null },
    ],
  ])('of others is borne with %s', (_, tags, expected) => {
    expect(parseJobFeedback(read({ kind: 7000, created_at: 1, content: '', tags }))).toMatchObject(expected)
  })

  it.each([
    ['no job', [['status', 'x']]],
    [
      'something that is no job',
      [
        ['e', 'abc'],
        ['status', 'x'],
      ],
    ],
    ['no status', [['e', JOB]]],
    ['a status tag without a status', [['e', JOB], ['status']]],
    [
      'an amount that is none',
      [
        ['e', JOB],
        ['status', 'x'],
        ['amount', '5 sats'],
      ],
    ],
  ])('that names %s is malformed', (_, tags) => {
    expect(isMalformed(parseJobFeedback(read({ kind: 7000, created_at: 1, content: '', tags })))).toBe(true)
  })
})

describe('a result', () => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe])
  it.each([
    ['text', { content: 'Grüße\n\u0000', encoding: 'text', contentType: 'text/plain', httpStatus: 200 }],
    ['bytes', { content: bytes.toString('base64'), encoding: 'base64', contentType: null, httpStatus: 201 }],
    ['nothing', { content: '', encoding: 'text', contentType: null, httpStatus: 204 }],
  ] as const)('is read as it was built: %s', (_, output) => {
    const draft = { ...about, jobKind: 5800, request: '{}', inputs: [['i', 'x']], amountMsat: 7 as Msat, output }
    const result = parseJobResult(read(buildJobResult(draft)))
    expect(result).toMatchObject({ jobId: JOB, amountMsat: 7, ...output })
    if (output.encoding === 'base64' && !isMalformed(result))
      expect(Buffer.from(result.content, 'base64')).toEqual(bytes)
  })

  it.each([
    [
      'a status that is no number',
      [
        ['e', JOB],
        ['http-status', 'fine'],
      ],
      { httpStatus: null },
    ],
    [
      'an encoding of its own',
      [
        ['e', JOB],
        ['encoding', 'hex'],
      ],
      { encoding: 'text' },
    ],
    ['nothing but a job', [['e', JOB]], { amountMsat: null, contentType: null, httpStatus: null }],
  ])('of others is borne with %s', (_, tags, expected) => {
    expect(parseJobResult(read({ kind: 6800, created_at: 1, content: '', tags }))).toMatchObject(expected)
  })

  it.each([
    [[['e', 'abc']]],
    [[]],
    [
      [
        ['e', JOB],
        ['amount', 'x'],
      ],
    ],
  ])('with the tags %j is malformed', (tags) => {
    expect(isMalformed(parseJobResult(read({ kind: 6800, created_at: 1, content: '', tags })))).toBe(true)
  })
})

describe('a payment proof', () => {
  const proof = { paymentHash: paymentHashOf(1), preimage: preimageOf(1) }
  it('is read as it was built', () => {
    expect(parseProofContent(proofPlaintext(proof))).toEqual(proof)
    const event = read(buildPaymentProof({ jobId: JOB, provider: PROVIDER, sealed: 's', createdAt: 5 }))
    expect([jobOfProof(event), event.kind, event.content]).toEqual([JOB, 7402, 's'])
  })

  it.each([
    '',
    'x',
    'null',
    '[]',
    '"payment-proof"',
    '{}',
    JSON.stringify({ ...proof, type: 'payment-proof' }),
    JSON.stringify({ type: 'payment-proof', payment_hash: proof.paymentHash, preimage: 5 }),
    JSON.stringify({ type: 'proof', payment_hash: proof.paymentHash, preimage: proof.preimage }),
  ])('of %j is malformed', (plaintext) => {
    expect(isMalformed(parseProofContent(plaintext))).toBe(true)
  })
})

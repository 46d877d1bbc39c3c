/** Can any event make a parser of jobs throw, or take its time? Mutated and hostile ones, by fixed seeds. */
import { describe, expect, it } from 'vitest'
import httpHandler from '../../handlers/http.js'
import { isCustomerErrorCode, isRejection } from '../../src/core/errors.js'
import type { NostrEvent } from '../../src/core/event.js'
import { isMalformed } from '../../src/core/identifiers.js'
import { routeJob } from '../../src/engine/routing.js'
import { canonicalPath, compileRoute } from '../../src/l402/path.js'
import { parseEvent, verifyEvent } from '../../src/nostr/event.js'
import { parseJobFeedback } from '../../src/nostr/kinds/job-feedback.js'
import { parseJobRequest } from '../../src/nostr/kinds/job-request.js'
import { parseJobResult } from '../../src/nostr/kinds/job-result.js'
import { jobOfProof, parseProofContent, proofPlaintext } from '../../src/nostr/kinds/payment-proof.js'
import { admissibleRelays } from '../../src/policies/reply-relays.js'
import { fuzz, mutate, type Random } from '../support/fuzz.js'
import { signJob } from '../support/sign-jobs.js'
import { sampleRoute, sampleUpstream } from '../support/step-world.js'
import { paymentHashOf, preimageOf } from '../support/watch-targets.js'

const ALPHABET = '{}[]",:\\u0000\ud800%/.?#&;= abcdef0123456789ABCDEF\u2028ü'
const VALID = signJob()
const UPSTREAMS = [
  { ...sampleUpstream, routes: [{ ...sampleRoute, pattern: '/joke/**', matches: compileRoute('/joke/**') }] },
]

const NAMES = [
  'param',
  'bid',
  'relays',
  'i',
  'output',
  'encrypted',
  'expiration',
  'e',
  'p',
  'status',
  'amount',
  '',
  '__proto__',
]
const VALUES = [
  ...[
    'method',
    'path',
    'query',
    'body',
    'content-type',
    'accept',
    'GET',
    '/joke',
    '/joke/1',
    '/joke/../x',
    '/joke/%2e%2e',
  ],
  ...['//x', '/joke/..;/x', '%', '%zz', '/joke/%ff', '/joke/\ud800', '\r\nHost: x', '-1', '1e9', '9'.repeat(30), ''],
  ...[
    'wss://a.test',
    'ws://[::1]',
    'wss://user:pass@x',
    'constructor',
    '../'.repeat(500),
    '?'.repeat(3_000),
    'x'.repeat(20_000),
  ],
]

function hostile(random: Random): NostrEvent {
  const tag = (): string[] => [
    random.pick(NAMES),
    ...Array.from({ length: random.below(5) }, () => random.pick(VALUES)),
  ]
  const usual = [
    ['param', 'method', random.pick(['GET', 'POST', random.pick(VALUES)])],
    ['param', 'path', `${random.pick(['/joke/', '', '/'])}${random.pick(VALUES)}`],
    ['param', 'query', random.pick(VALUES)],
  ]
  const tags = [...usual, ...Array.from({ length: random.below(20) }, tag)]
  return { ...VALID, tags, content: random.pick(VALUES) }
}

describe('a job event', () => {
  it('as mutated JSON is an event or malformed, and never a forgery that is believed', () => {
    const text = JSON.stringify(VALID)
    fuzz(
      11,
      4_000,
      (random) => mutate(text, random, ALPHABET),
      (input) => {
        let value: unknown
        try {
          value = JSON.parse(input)
        } catch {
          return // relays send JSON, or are not heard
        }
        const event = parseEvent(value)
        if (isMalformed(event)) return
        if (verifyEvent(event)) expect(event).toEqual(VALID)
      },
    )
  })

  it('of any shape is an event or malformed', () => {
    const parts: readonly unknown[] = [
      null,
      0,
      -1,
      1.5,
      NaN,
      '',
      'a'.repeat(64),
      [],
      [[]],
      [['p', 1]],
      {},
      true,
      undefined,
    ]
    fuzz(
      12,
      20_000,
      (random) =>
        Object.fromEntries(
          Object.entries(VALID).map(([name, value]) => [name, random.below(3) === 0 ? random.pick(parts) : value]),
        ),
      (input) => void parseEvent(input),
    )
  })

  it('with hostile tags is a call on an allowed path, or a documented refusal', () => {
    fuzz(13, 8_000, hostile, (event) => {
      const request = parseJobRequest(event)
      if (isMalformed(request)) return expect(isCustomerErrorCode(request.code)).toBe(true)
      const call = routeJob(UPSTREAMS, request, httpHandler)
      if (isRejection(call)) return expect(isCustomerErrorCode(call.rejected)).toBe(true)
      const url = new URL(call.target, 'https://api.test')
      expect([url.origin, `${url.pathname}${url.search}`]).toEqual(['https://api.test', call.target])
      expect(call.target.startsWith('/joke/')).toBe(true)
      expect(canonicalPath(url.pathname)).toBe(url.pathname)
      expect(Object.values(call.headers).every((value) => /^[\x20-\x7e]+$/.test(value))).toBe(true)
    })
  })

  it('names no relay that may not be written to', () => {
    const rules = { max: 5, allowPrivate: false, own: new Set<string>() }
    fuzz(14, 3_000, hostile, (event) => {
      const request = parseJobRequest(event)
      if (isMalformed(request)) return
      for (const relay of admissibleRelays(request.relays, rules)) expect(relay).toMatch(/^wss?:\/\/[^@[]+\/$/)
    })
  })

  it('that is 1 MB long, or has ten thousand tags, is over at once', () => {
    const big = ['x'.repeat(1_048_576), '?'.repeat(1_048_576), '%41'.repeat(349_525), '/a'.repeat(524_288)]
    fuzz(
      15,
      big.length * 3,
      (random) => {
        const value = random.pick(big)
        const tags = [
          ['param', 'method', 'GET'],
          ['param', 'path', `/joke/${value}`],
          ['param', 'query', value],
        ]
        const many = Array.from({ length: random.pick([0, 10_000]) }, () => ['param', 'x', 'y'])
        return { ...VALID, tags: [...tags, ...many], content: value }
      },
      (event) => {
        const request = parseJobRequest(event)
        if (!isMalformed(request)) void routeJob(UPSTREAMS, request, httpHandler)
      },
    )
  })
})

describe('what a customer reads', () => {
  it('of feedback and results is understood or malformed', () => {
    fuzz(16, 8_000, hostile, (event) => {
      void parseJobFeedback(event)
      void parseJobResult(event)
      void jobOfProof(event)
    })
  })

  it('of a payment proof, mutated, is the proof itself or malformed', () => {
    const proof = { paymentHash: paymentHashOf(1), preimage: preimageOf(1) }
    const text = proofPlaintext(proof)
    fuzz(
      17,
      8_000,
      (random) => mutate(text, random, ALPHABET),
      (input) => {
        const read = parseProofContent(input)
        if (!isMalformed(read))
          expect([read.paymentHash, read.preimage].every((value) => /^[0-9a-f]{64}$/.test(value))).toBe(true)
      },
    )
  })

  it('of any answer of an API is text or bytes, whole', () => {
    const request = parseJobRequest(VALID)
    if (isMalformed(request)) throw new Error(request.malformed)
    fuzz(
      18,
      5_000,
      (random) => random.bytes(random.below(40)),
      (body) => {
        const { content, encoding } = httpHandler.toOutput({ status: 200, contentType: null, body }, request)
        expect(Buffer.from(content, encoding === 'text' ? 'utf8' : 'base64').equals(body)).toBe(true)
      },
    )
  })
})

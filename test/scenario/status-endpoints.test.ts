/** Is nothing served unpaid, and nothing paid lost, whatever a status endpoint says, or does not? */
import type { ServerResponse } from 'node:http'
import { describe, expect, it, vi, type TestContext } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import { startBridge } from '../support/bridge.js'
import { startOddUpstream } from '../support/odd-upstream.js'

type Word = (response: ServerResponse) => void

const json =
  (value: unknown, status = 200): Word =>
  (response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

/** An API of one call with an invoice and a status page, whose words the test puts into its mouth; the truth when it has none. */
async function openApi({ onTestFinished }: TestContext) {
  const api = await startOddUpstream()
  onTestFinished(() => api.stop())
  const bridge = await startBridge({ origin: api.origin, upstream: { exactPrice: 'off' } })
  onTestFinished(() => bridge.stop())
  const terms = { amountMsat: 21_000 as Msat, description: 'L402', expirySeconds: 600 }
  const { bolt11, paymentHash, preimage } = await bridge.merchant.makeInvoice(terms)
  const words: Word[] = []
  let polls = 0
  const truth = () =>
    bridge.merchant.lookup(paymentHash)?.state === 'settled' ? json({ paid: true, preimage }) : json({ paid: false })
  const status = `/invoice-status/${paymentHash}?token=${'a'.repeat(64)}`
  const macaroon = 'an-opaque-token-of-the-api'
  const l402 = { invoice: bolt11, macaroon, payment_hash: paymentHash, payment_url: status }
  api.answer(({ url, headers }, response) => {
    if (url === status) {
      polls += 1
      return (words.shift() ?? truth())(response)
    }
    const isPaid = headers.authorization === `L402 ${macaroon}:${preimage}`
    return isPaid ? json({ joke: 'paid' })(response) : json({ l402 }, 402)(response)
  })
  const job = await bridge.customer.publishJob({ path: '/joke' })
  return { bridge, words, paymentHash, job, polls: () => polls, offer: await bridge.customer.offer(job.id) }
}

const WORDS: [string, Word][] = [
  ['a wrong preimage', json({ paid: true, preimage: 'ab'.repeat(32) })],
  ['paid without a preimage', json({ paid: true })],
  ['a preimage that is none', json({ paid: true, preimage: 7 })],
  ['prose', (response) => void response.end('all is well')],
  ['a list', json([true])],
  ['nothing', (response) => void response.end()],
  ['a server error', json({ error: 'x' }, 500)],
  ['that it knows no such invoice', json({ error: 'Invoice not found' }, 404)],
  ['a page for people', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Paid')],
  ['to come back in a second', (response) => void response.writeHead(429, { 'retry-after': '1' }).end()],
  ['a redirect', (response) => void response.writeHead(302, { location: 'https://elsewhere.example/' }).end()],
  ['half a sentence', (response) => void response.socket?.destroy()],
  ['a megabyte', (response) => void response.end(Buffer.alloc(1_048_576, 'x'))],
]

describe.concurrent('a status endpoint', () => {
  it.for(WORDS)('that once says %s is asked again, and the payment is not lost', async ([, word], test) => {
    const { bridge, words, job, offer } = await openApi(test)
    words.push(word)
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
    expect(words).toEqual([])
  })

  it('that says paid before anybody paid gets nothing served', async (test) => {
    const { bridge, words, job, offer, polls } = await openApi(test)
    words.push(...Array.from({ length: 3 }, () => json({ paid: true, preimage: 'ab'.repeat(32) })))
    await vi.waitFor(() => expect(polls()).toBeGreaterThanOrEqual(3), { timeout: 8_000 })
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required'])
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
  })
})

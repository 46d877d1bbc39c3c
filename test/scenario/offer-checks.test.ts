/** Is an invoice shown only when every check before the offer holds, and is nothing else ever contacted or paid? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readFile, writeFile } from 'node:fs/promises'
import type { Msat } from '../../src/core/money.js'
import type { TamperName } from '../../src/dev/gateways/tampering.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { startOddUpstream } from '../support/odd-upstream.js'

let bridge: Bridge
const stops: (() => Promise<void>)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => {
  bridge = await startBridge(options)
  stops.push(() => bridge.stop())
  return bridge
}
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** What the 402 brings is what is offered: no invoice made to measure comes between. */
const BUNDLE: BridgeOptions = { upstream: { exactPrice: 'off' }, settings: { paymentRail: false } }
const askForJoke = (tags: readonly (readonly string[])[] = []) => bridge.customer.publishJob({ path: '/joke' }, tags)

async function expectRefused(code: string, detail: RegExp, tags?: readonly (readonly string[])[]) {
  const job = await askForJoke(tags)
  expect((await bridge.customer.error(job.id)).code).toBe(code)
  const details = bridge.log.lines.flatMap(({ fields }) => (fields['detail'] as string | undefined) ?? [])
  expect(details.at(-1)).toMatch(detail)
  expect(bridge.customer.statuses(job.id)).toEqual(['error'])
}

describe('a gate that is broken or lies', () => {
  it.each<[TamperName, string, RegExp]>([
    ['foreignNetwork', 'invoice-invalid', /for mainnet/],
    ['expiredInvoice', 'invoice-invalid', /expires before/],
    ['amountlessInvoice', 'invoice-invalid', /amount/],
    ['corruptInvoice', 'invoice-invalid', /./],
    ['emptyInvoice', 'challenge-invalid', /./],
    ['unknownFeature', 'invoice-invalid', /feature/],
    ['bodyAmount', 'challenge-invalid', /another amount/],
    ['bodyHash', 'challenge-invalid', /another payment hash|contradict/],
    ['tokenOfAnotherHash', 'challenge-invalid', /another payment hash/],
    ['tokenWithLineBreak', 'challenge-invalid', /./],
    ['dearInvoice', 'price-exceeds-cap', /10000000 msat, at most 5000000/],
    ['redirect', 'upstream-refused', /307/],
  ])('%s is answered with %s', async (name, code, detail) => {
    await open(BUNDLE)
    bridge.gateway.tamper(name)
    await expectRefused(code, detail)
  })

  it('that sells an invoice of an open job again is refused', async () => {
    await open(BUNDLE)
    await bridge.customer.offer((await askForJoke()).id)
    bridge.gateway.tamper('reusedHash')
    await expectRefused('invoice-invalid', /payment hash/)
  })

  it('that sells an invoice of an archived job again is refused, also after a restart', async () => {
    await open({ ...BUNDLE, upstream: { exactPrice: 'off', reuseCredit: 'off' } })
    const first = await askForJoke()
    await bridge.pay((await bridge.customer.offer(first.id)).bolt11)
    await bridge.customer.result(first.id)
    await vi.waitFor(() => expect(bridge.adapters.store.get(first.id)).toBeUndefined())
    await bridge.restart()
    bridge.gateway.tamper('reusedHash')
    await expectRefused('invoice-invalid', /payment hash/)
  })

  it('that names a status endpoint on another origin is never followed there', async () => {
    const [api, elsewhere] = [await startOddUpstream(), await startOddUpstream()]
    stops.push(
      () => api.stop(),
      () => elsewhere.stop(),
    )
    await open({ ...BUNDLE, origin: api.origin, wallet: true })
    const invoice = await bridge.merchant.makeInvoice({
      amountMsat: 21_000 as Msat,
      description: 'L402',
      expirySeconds: 600,
    })
    const l402 = {
      invoice: invoice.bolt11,
      macaroon: 'an-opaque-token-of-the-api',
      payment_hash: invoice.paymentHash,
      payment_url: `${elsewhere.origin}/invoice-status/${invoice.paymentHash}?token=${'a'.repeat(64)}`,
    }
    api.answer((request, response) => {
      const paid = request.headers.authorization?.startsWith('L402 an-opaque-token-of-the-api:') ?? false
      response.writeHead(paid ? 200 : 402, { 'content-type': 'application/json' })
      response.end(JSON.stringify(paid ? { joke: 'paid' } : { l402 }))
    })
    const job = await askForJoke()
    const { bolt11 } = await bridge.customer.offer(job.id)
    await bridge.pay(bolt11)
    await bridge.customer.result(job.id)
    expect(api.requests).toEqual(['GET /joke', 'GET /joke'])
    expect(elsewhere.requests).toEqual([])
  })

  it('that names no other way to follow the payment gets no customer', async () => {
    await open(BUNDLE)
    bridge.gateway.tamper('foreignStatusOrigin')
    await expectRefused('no-settlement-path', /no status endpoint/)
  })

  it('whose answer has a megabyte is refused without reading it all, and the next job is served', async () => {
    await open(BUNDLE)
    bridge.gateway.tamper('hugeBody')
    const job = await askForJoke()
    const { code } = await bridge.customer.error(job.id)
    expect(['result-too-large', 'challenge-invalid']).toContain(code)
    bridge.gateway.tamper(null)
    await bridge.customer.offer((await askForJoke()).id)
  })

  it('with a header of garbage beside a good body is believed in its body', async () => {
    await open(BUNDLE)
    bridge.gateway.tamper('garbageHeader')
    await bridge.customer.offer((await askForJoke()).id)
  })
})

describe('what the operator and the customer allow', () => {
  it('a payee other than the one pinned is refused, and the pinned one is not', async () => {
    await open({ upstream: { exactPrice: 'off', payee: `02${'11'.repeat(32)}` } })
    await expectRefused('invoice-invalid', /not the one configured/)
    const text = await readFile(bridge.configFile, 'utf8')
    await writeFile(bridge.configFile, text.replace(/02(11){32}/, bridge.merchant.id))
    await bridge.restart()
    await bridge.customer.offer((await askForJoke()).id)
  })

  it('a price above the bid is refused, and one that equals it is not', async () => {
    await open()
    await expectRefused('price-exceeds-bid', /21000 msat, the bid is 20999/, [['bid', '20999']])
    const job = await askForJoke([['bid', '21000']])
    expect((await bridge.customer.offer(job.id)).amountMsat).toBe(21_000)
  })

  it('a price below what the route may ask is refused', async () => {
    await open({ route: { minSats: 100 } })
    await expectRefused('invoice-invalid', /less than the route allows/)
  })

  it('an invoice that leaves too little time to pay is refused', async () => {
    await open({ settings: { invoiceExpirySeconds: 20 }, config: { settlement: { minPaymentWindowSeconds: 30 } } })
    await expectRefused('invoice-invalid', /expires before/)
  })
})

describe('the merchant wallet', () => {
  it('that calls the invoice settled already keeps it from being shown', async () => {
    await open({ ...BUNDLE, wallet: true })
    const settled = { state: 'settled', settled_at: Math.floor(Date.now() / 1000) }
    bridge.walletService.behave({ methods: ['lookup_invoice'], tell: (invoice) => ({ ...invoice, ...settled }) })
    await expectRefused('invoice-invalid', /already settled/)
  })

  it('that does not know the invoice is no way to follow its payment', async () => {
    await open({ dialect: 'aperture', wallet: true })
    bridge.walletService.behave({ methods: ['lookup_invoice'], refuseWith: 'NOT_FOUND' })
    await expectRefused('no-settlement-path', /no merchant wallet/)
  })
})

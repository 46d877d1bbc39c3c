/** Does a paid job cross over every dialect of L402, by each way in which a payment can be learned of? */
import { afterEach, describe, expect, it } from 'vitest'
import { tagValue } from '../../src/core/event.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const open = async (options: BridgeOptions): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

const JOKE = 'Why did the satoshi cross the bridge? To be settled on the other side.'

/** Asks, pays what is asked, and returns what came of it. */
async function buyJoke() {
  const { customer } = bridge
  const job = await customer.publishJob({ path: '/joke' }, [['i', 'why', 'text']])
  const offer = await customer.offer(job.id)
  const preimage = await bridge.pay(offer.bolt11)
  const result = await customer.result(job.id)
  return { job, offer, preimage, result }
}

describe.each([
  { dialect: 'toll-booth', sats: 21, source: 'statusEndpoint' },
  // Nothing in the older body says that an invoice can be made to measure, so its bundle is what is for sale.
  { dialect: 'toll-booth-flat', sats: 1000, source: 'statusEndpoint' },
  { dialect: 'toll-booth-mock', sats: 21, source: 'statusEndpoint' },
  { dialect: 'token-suffix', sats: 21, source: 'statusEndpoint' },
  { dialect: 'aperture', sats: 21, source: 'merchantWallet' },
  { dialect: 'spec', sats: 21, source: 'merchantWallet' },
  { dialect: 'single-use', sats: 21, source: 'merchantWallet' },
  { dialect: 'non-macaroon', sats: 21, source: 'merchantWallet' },
  { dialect: 'lsat-only', sats: 21, source: 'merchantWallet' },
  { dialect: 'lightning-toll', sats: 21, source: 'merchantWallet' },
  { dialect: 'satgate', sats: 21, source: 'statusEndpoint' },
  { dialect: 'payment', sats: 21, source: 'merchantWallet' },
] as const)('$dialect', ({ dialect, sats, source }) => {
  it(`is paid ${sats} sats once and answers, learned by ${source}`, async () => {
    await open({ dialect, wallet: source === 'merchantWallet' })
    const { job, offer, result } = await buyJoke()
    expect(offer.amountMsat).toBe(sats * 1000)
    expect(JSON.parse(result.content)).toEqual({ joke: JOKE })
    expect(result.tags).toEqual([
      ['request', JSON.stringify(job)],
      ['e', job.id, `${bridge.relay.url}/`],
      ['i', 'why', 'text'],
      ['p', bridge.customer.pubkey],
      ['amount', String(sats * 1000)],
      ['content-type', 'application/json'],
      ['http-status', '200'],
      ...(sats > 21 ? [['credit', String(sats - 21)]] : []),
    ])
    expect(tagValue(offer.event, 'expiration')).toMatch(/^\d{10}$/)
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
    expect(bridge.log.lines.flatMap(({ fields }) => fields['source'] ?? [])).toEqual([source])
    expect(bridge.gateway.counters.chargesSettled).toBe(1)
    expect(bridge.gateway.counters.callsServed).toHaveLength(1)
  })
})

/** Can a Lightning address that a stranger names lead us astray, hold us up, or sell us another invoice than it should? */
import { afterEach, describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { parseRefundDestination } from '../../../src/core/refund.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import { startLnurl, type LnurlBend } from '../../../src/dev/lnurl.js'
import { invoiceFromAddress, lnurlOf, type LightningAddress } from '../../../src/settlement/lnurl-pay.js'
import { createWebClient } from '../../../src/web/client.js'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function open(bend: LnurlBend = {}, allowPrivate = true) {
  const network = createSimulatedNetwork()
  const node = network.createNode()
  const server = await startLnurl({ node })
  server.bend(bend)
  const web = createWebClient({ allowPrivate })
  stops.push(
    () => network.stop(),
    () => server.stop(),
    () => web.stop(),
  )
  const address = parseRefundDestination(server.address) as LightningAddress
  const ask = async (amountMsat = 21_000) => {
    const given = await invoiceFromAddress(web, address, amountMsat as Msat)
    return isMalformed(given) ? given.malformed : given
  }
  return { server, node, ask }
}

describe('a Lightning address', () => {
  it('gives an invoice over the amount that commits to what it says of itself', async () => {
    const { ask, node } = await open()
    expect(await ask()).toBe(node.incoming()[0]?.bolt11)
  })

  it('is on this machine only where the operator allows it', async () => {
    const { ask, server } = await open({}, false)
    expect(await ask()).toMatch(/not public/)
    expect(server.requests).toEqual([])
  })

  it('is asked with TLS anywhere else', () => {
    expect(lnurlOf(parseRefundDestination('a+b@example.com') as LightningAddress)).toBe(
      'https://example.com/.well-known/lnurlp/a%2Bb',
    )
  })

  it.each<[string, LnurlBend, RegExp]>([
    ['gives an invoice for another description', { descriptionHash: 'ab'.repeat(32) }, /not for this address/],
    ['is no address that is paid', { document: () => ({ tag: 'withdrawRequest' }) }, /not one that is paid/],
    ['takes less', { document: (all) => ({ ...all, maxSendable: 20_999 }) }, /other amounts/],
    ['takes more', { document: (all) => ({ ...all, minSendable: 21_001 }) }, /other amounts/],
    ['does not say how much', { document: (all) => ({ ...all, maxSendable: '1e9' }) }, /how much/],
    ['refuses', { document: () => ({ status: 'ERROR', reason: 'the stranger’s text' }) }, /^the address refuses$/],
    ['calls back to a private network', { document: (all) => ({ ...all, callback: 'http://10.0.0.1/x' }) }, /callback/],
    ['calls back without TLS', { document: (all) => ({ ...all, callback: 'http://example.com/x' }) }, /callback/],
    ['calls back to a file', { document: (all) => ({ ...all, callback: 'file:///etc/passwd' }) }, /callback/],
    ['is a list', { document: () => [1, 2] }, /not one that is paid/],
    ['is null', { document: () => null }, /no object/],
    ['is prose', { answer: (response) => response.end('hello') }, /no JSON/],
    ['is huge', { answer: (response) => response.end(Buffer.alloc(100_000, 32)) }, /too much/],
    [
      'leads elsewhere',
      { answer: (response) => response.writeHead(302, { location: 'http://10.0.0.1/' }).end() },
      /302/,
    ],
    ['is gone', { answer: (response) => response.writeHead(404).end() }, /404/],
    ['breaks off', { answer: (response) => response.destroy() }, /cannot be asked/],
  ])('that %s gives none', async (_name, bend, why) => {
    expect(await (await open(bend)).ask()).toMatch(why)
  })
})

describe('a destination', () => {
  it.each([
    ['Name@Example.COM', { type: 'address', name: 'name', domain: 'example.com' }],
    ['lightning:LNBC1ABC', { type: 'invoice', bolt11: 'lnbc1abc' }],
    ['nostr+walletconnect://ab?relay=wss://r', { type: 'wallet', uri: 'nostr+walletconnect://ab?relay=wss://r' }],
  ])('is read: %s', (text, expected) => {
    expect(parseRefundDestination(text)).toEqual(expected)
  })

  it.each([
    '',
    'name',
    'a@b@c',
    'a@b/c',
    'lnBC1abc',
    'https://example.com',
    'x'.repeat(5_000),
    7,
    null,
    `a@${'-.'.repeat(2_000)}`,
  ])('is not read: %s', (text) => {
    expect(isMalformed(parseRefundDestination(text))).toBe(true)
  })
})

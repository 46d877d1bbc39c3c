/** Does the embedded wallet service speak NIP-47 as others do? */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { tagValue, type NostrEvent } from '../../../src/core/event.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import type { NwcWalletServiceOptions } from '../../../src/dev/nwc-wallet.js'
import { signEvent } from '../../../src/nostr/event.js'
import { createNwcCipher, type NwcEncryption } from '../../../src/wallets/nwc-cipher.js'
import { parseNwcUri, type NwcConnection } from '../../../src/wallets/nwc-uri.js'
import { createNwcWorld, type NwcWorld } from '../../support/nwc-world.js'

describe('the embedded wallet service', () => {
  let world: NwcWorld
  afterEach(() => world.stop())

  async function start(service: Partial<NwcWalletServiceOptions> = {}) {
    world = await createNwcWorld({ service })
    const parsed = parseNwcUri(world.service.uri)
    if (isMalformed(parsed)) throw new Error(parsed.malformed)
    return createClient(world, parsed)
  }
  const settleSome = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const invoice = { amountMsat: (1_000 + i) as Msat, description: '', expirySeconds: 600 }
      world.node.settle((await world.node.makeInvoice(invoice)).paymentHash)
    }
  }

  it('says what it can do in its info event', async () => {
    await start({ permissions: 'read' })
    const { events } = await world.pool.fetch(
      [world.relay.url],
      { kinds: [13194], authors: [world.service.pubkey] },
      1_000,
    )
    expect(events.map(({ content, tags }) => ({ content, tags }))).toEqual([
      {
        content: 'get_info lookup_invoice list_transactions notifications',
        tags: [
          ['encryption', 'nip44_v2 nip04'],
          ['notifications', 'payment_received payment_sent'],
        ],
      },
    ])
  })

  it.each<NwcEncryption>(['nip44_v2', 'nip04'])('answers in the encryption of the request: %s', async (encryption) => {
    const client = await start()
    expect(await client.ask('get_info', {}, { encryption })).toMatchObject({
      error: null,
      result: { network: 'regtest' },
    })
  })

  it.each([
    ['RESTRICTED', 'pay_invoice', { invoice: '' }],
    ['NOT_IMPLEMENTED', 'get_balance', {}],
    ['NOT_FOUND', 'lookup_invoice', { payment_hash: '00' }],
    ['NOT_FOUND', 'lookup_invoice', { invoice: 'lnbcrt1' }],
    ['NOT_FOUND', 'lookup_invoice', {}],
  ])('refuses with %s: %s', async (code, method, params) => {
    const client = await start({ permissions: 'read' })
    expect(await client.ask(method, params)).toMatchObject({ result_type: method, result: null, error: { code } })
  })

  it('refuses an encryption that it does not know', async () => {
    const client = await start({ encryptions: ['nip44_v2'] })
    expect(await client.ask('get_info', {}, { encryption: 'nip04' })).toMatchObject({
      error: { code: 'UNSUPPORTED_ENCRYPTION' },
    })
  })

  it('makes invoices and pays them where it may', async () => {
    const client = await start()
    expect(await client.ask('make_invoice', { amount: 2_000, description: 'x' })).toMatchObject({
      result: { type: 'incoming', state: 'pending', amount: 2_000, description: 'x' },
    })
    const { bolt11, preimage } = await world.other.makeInvoice({ amountMsat: null, description: '', expirySeconds: 60 })
    expect(await client.ask('pay_invoice', { invoice: bolt11, amount: 3_000 })).toMatchObject({ result: { preimage } })
    expect(await client.ask('pay_invoice', { invoice: bolt11, amount: 3_000 })).toMatchObject({
      error: { code: 'PAYMENT_FAILED' },
    })
    expect(await client.ask('lookup_invoice', { invoice: bolt11 })).toMatchObject({
      result: { type: 'outgoing', preimage },
    })
  })

  it('lists in pages of at most 20, newest first, within a time', async () => {
    const client = await start()
    await settleSome(25)
    await world.node.makeInvoice({ amountMsat: 1 as Msat, description: '', expirySeconds: 600 })
    const amounts = async (params: object) => {
      const { result } = (await client.ask('list_transactions', params)) as {
        result: { transactions: { amount: number }[] }
      }
      return result.transactions.map(({ amount }) => amount)
    }
    expect(await amounts({ limit: 100 })).toEqual(Array.from({ length: 20 }, (_, i) => 1_024 - i))
    expect(await amounts({ limit: 3, offset: 23 })).toEqual([1_001, 1_000])
    expect(await amounts({ limit: 2, unpaid: true, type: 'incoming' })).toEqual([1, 1_024])
    expect(await amounts({ type: 'outgoing' })).toEqual([])
    const now = Math.floor(Date.now() / 1000)
    expect(await amounts({ from: now + 10 })).toEqual([])
    expect(await amounts({ until: now - 100 })).toEqual([])
  })

  it('serves a request once, however often it comes, and not after its expiration', async () => {
    let aheadMs = 0
    const client = await start({ now: () => Date.now() + aheadMs })
    const request = client.request('get_info', {}, {})
    await client.publish(request)
    await client.publish(request)
    // The relay still takes it; for the wallet its time is over.
    const late = client.request('get_info', {}, { expiration: Math.floor(Date.now() / 1000) + 30 })
    aheadMs = 60_000
    await client.publish(late)
    expect(await client.ask('get_info', {})).toMatchObject({ error: null })
    expect(world.service.counts).toMatchObject({ requests: 3, ignored: 1, replies: 2 })
    expect(client.repliesTo(request)).toHaveLength(1)
    expect(client.repliesTo(late)).toEqual([])
  })
})

describe("the SDK's own client", () => {
  let world: NwcWorld
  const native: unknown = globalThis.WebSocket
  beforeEach(async () => {
    for (const method of ['info', 'error', 'warn'] as const)
      vi.spyOn(console, method).mockImplementation(() => undefined)
    Reflect.set(globalThis, 'WebSocket', WebSocket)
    world = await createNwcWorld()
  })
  afterEach(async () => {
    await world.stop()
    Reflect.set(globalThis, 'WebSocket', native)
    vi.restoreAllMocks()
  })

  it('is served by the embedded wallet: it speaks NIP-47 as others do', async () => {
    const { NWCClient } = await import('@getalby/sdk/nwc')
    const client = new NWCClient({ nostrWalletConnectUrl: world.service.uri })
    const heard: string[] = []
    const forget = await client.subscribeNotifications(({ notification }) => heard.push(notification.payment_hash))
    expect(await client.getInfo()).toMatchObject({ network: 'regtest', pubkey: world.node.id })
    const { bolt11, preimage } = await world.other.makeInvoice({
      amountMsat: 5_000 as Msat,
      description: '',
      expirySeconds: 60,
    })
    expect(await client.payInvoice({ invoice: bolt11 })).toMatchObject({ preimage })
    const made = await client.makeInvoice({ amount: 7_000 })
    world.node.settle(made.payment_hash)
    expect(await client.lookupInvoice({ payment_hash: made.payment_hash })).toMatchObject({ state: 'settled' })
    expect((await client.listTransactions({})).transactions).toHaveLength(2)
    await vi.waitFor(() => expect(heard).toContain(made.payment_hash), { timeout: 10_000 })
    forget()
    client.close()
  })
})

interface Sealed {
  readonly encryption?: NwcEncryption
  readonly expiration?: number
}

/** A client of NIP-47 that shares nothing with the wallet adapter but its cipher. */
async function createClient({ pool, relay }: NwcWorld, connection: NwcConnection) {
  const { walletPubkey, clientPubkey, secretKey } = connection
  const cipher = createNwcCipher(secretKey, walletPubkey)
  const replies: NostrEvent[] = []
  await new Promise<void>((resolve) => {
    pool.subscribe({
      name: 'replies',
      relays: [relay.url],
      filters: () => [{ kinds: [23195], authors: [walletPubkey], '#p': [clientPubkey] }],
      known: () => false,
      onEvent: (event) => replies.push(event),
      onCaughtUp: () => resolve(),
    })
  })
  const request = (method: string, params: object, { encryption = 'nip44_v2', expiration }: Sealed): NostrEvent => {
    const tags = [
      ['p', walletPubkey],
      ['encryption', encryption],
      ...(expiration ? [['expiration', String(expiration)]] : []),
    ]
    const content = cipher.encrypt(encryption, JSON.stringify({ method, params }))
    const created_at = Math.floor(Date.now() / 1000)
    return signEvent({ kind: 23194, created_at, tags, content }, secretKey, clientPubkey, randomBytes(32))
  }
  const repliesTo = (asked: NostrEvent) => replies.filter((reply) => tagValue(reply, 'e') === asked.id)
  const publish = (event: NostrEvent) => pool.publish(event, relay.url)
  return {
    request,
    repliesTo,
    publish,
    async ask(method: string, params: object, sealed: Sealed = {}): Promise<unknown> {
      const asked = request(method, params, sealed)
      await publish(asked)
      const reply = await vi.waitFor(() => repliesTo(asked)[0] ?? Promise.reject(new Error('no reply')), {
        timeout: 5_000,
        interval: 2,
      })
      return JSON.parse(cipher.decrypt(reply.content))
    },
  }
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tagValue, type NostrEvent } from '../../../src/core/event.js'
import type { Msat } from '../../../src/core/money.js'
import { GARBLED, type NwcBehaviour } from '../../../src/dev/nwc-behaviour.js'
import type { SettledIncoming } from '../../../src/ports.js'
import { createNwcWallet } from '../../../src/wallets/nwc.js'
import { createNwcWorld, type NwcWorld, type NwcWorldOptions } from '../../support/nwc-world.js'
import { createMovedClock, createPoolFixture, systemClock } from '../../support/pool-fixture.js'

const FOREIGN = 'ab'.repeat(32)
const SOON = { timeout: 10_000, interval: 5 }

describe('an NWC wallet', () => {
  let world: NwcWorld
  const printed: unknown[][] = []
  const unhandled: unknown[] = []
  const noteUnhandled = (reason: unknown) => void unhandled.push(reason)

  async function start(options: NwcWorldOptions = {}): Promise<NwcWorld> {
    world = await createNwcWorld(options)
    await world.wallet.start()
    return world
  }
  const invoiceOf = (node = world.node, amountMsat = 21_000) =>
    node.makeInvoice({ amountMsat: amountMsat as Msat, description: 'a job', expirySeconds: 600 })
  async function settledInvoice() {
    const invoice = await invoiceOf()
    world.node.settle(invoice.paymentHash)
    return invoice
  }
  const told = (fields: object): NwcBehaviour => ({ tell: (result) => ({ ...result, ...fields }) })

  beforeEach(() => {
    printed.length = 0
    unhandled.length = 0
    process.on('unhandledRejection', noteUnhandled)
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation((...values: unknown[]) => void printed.push(values))
    }
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => printed.push([chunk]) > 0)
    }
  })
  afterEach(async () => {
    await world.stop()
    vi.restoreAllMocks()
    process.off('unhandledRejection', noteUnhandled)
    expect(printed).toEqual([])
    expect(unhandled).toEqual([])
    const secrets = [new URLSearchParams(world.service.uri.split('?')[1]).get('secret') ?? '', 'nostr+walletconnect']
    for (const secret of secrets) expect(JSON.stringify(world.log.lines)).not.toContain(secret)
  })

  describe('whose wallet service answers badly', () => {
    it.each<[string, NwcBehaviour]>([
      ['with what cannot be opened', { replies: 'garbled' }],
      ['with what is no JSON', { replies: 'prose' }],
      ['with neither a result nor an error', { replies: 'nothing' }],
      ['with an empty result', { tell: () => ({}) }],
      ['with an error that proves nothing', { refuseWith: 'INTERNAL' }],
      ['with a foreign preimage', told({ preimage: FOREIGN, state: 'settled', settled_at: 1 })],
      ['for another payment hash', { tell: (result) => ({ ...result, payment_hash: FOREIGN, preimage: '' }) }],
    ])('%s: look-ups throw and a payment is unknown', async (_, behaviour) => {
      await start()
      world.service.behave(behaviour)
      const own = await invoiceOf()
      await expect(world.wallet.lookupInvoice(own.paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
      await expect(world.wallet.lookupPayment(own.paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
      const { bolt11, paymentHash, preimage } = await invoiceOf(world.other)
      const outcome = await world.wallet.payInvoice(bolt11, paymentHash)
      expect(outcome.type).toBe('unknown')
      expect(JSON.stringify(outcome)).not.toContain(preimage)
    })

    it('pays nothing twice and reads each reply once where every reply comes twice', async () => {
      await start({ service: { behaviour: { replies: 'twice' } } })
      const { bolt11, paymentHash, preimage } = await invoiceOf(world.other)
      expect(await world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage })
      expect(await world.wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled' })
      await world.service.replay()
      expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'not_found' })
    })

    it('sees a settled payment without an invoice in it, as NIP-47 allows', async () => {
      await start({ service: { behaviour: told({ invoice: undefined, description: undefined, state: undefined }) } })
      const { paymentHash, preimage } = await settledInvoice()
      expect(await world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', preimage })
    })

    it('takes a preimage before the payment for no payment', async () => {
      await start()
      const { paymentHash, preimage } = await invoiceOf()
      world.service.behave(told({ preimage }))
      expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
      expect(await world.wallet.listIncoming({ since: 0, cursor: null })).toMatchObject({ settled: [] })
    })

    it.each([
      ['failed', { state: 'cancelled' }],
      ['accepted', { state: 'pending' }],
      ['expired', { state: 'expired' }],
    ])('reads an incoming payment that is %s', async (state, seen) => {
      await start({ service: { behaviour: told({ state }) } })
      const { paymentHash } = await invoiceOf()
      expect(await world.wallet.lookupInvoice(paymentHash)).toEqual(seen)
    })

    it.each([
      ['expired', 'pending'],
      ['failed', 'failed'],
    ])('reads an outgoing payment that is %s as %s', async (state, seen) => {
      await start()
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      world.node.faults.failNext = 'lost'
      await world.wallet.payInvoice(bolt11, paymentHash)
      world.service.behave(told({ state }))
      expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: seen })
    })

    it('finds the incoming payment in the list where the wallet shows the outgoing one of that hash', async () => {
      await start({
        service: { behaviour: { methods: ['lookup_invoice'], tell: (one) => ({ ...one, type: 'outgoing' }) } },
      })
      const { paymentHash, preimage } = await settledInvoice()
      for (let i = 0; i < 30; i++) await invoiceOf()
      expect(await world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', preimage })
    })

    it('claims nothing where even the list does not tell the two apart', async () => {
      const blind = { tell: (one: object) => ({ ...one, type: undefined }) }
      await start({ service: { behaviour: { methods: ['lookup_invoice'], ...blind } } })
      const { paymentHash } = await settledInvoice()
      for (let i = 0; i < 210; i++) await invoiceOf()
      await expect(world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
    })

    it('leaves out of a sweep what is not proved', async () => {
      await start()
      const { paymentHash } = await settledInvoice()
      const { transactions } = {
        transactions: [{ payment_hash: paymentHash, type: 'incoming', state: 'settled' }, null, 7],
      }
      world.service.behave({ tell: () => ({ transactions }) })
      expect((await world.wallet.listIncoming({ since: 0, cursor: null })).settled).toEqual([])
      world.service.behave({ tell: () => ({ transactions: null }) })
      expect(await world.wallet.listIncoming({ since: 0, cursor: null })).toEqual({ settled: [], cursor: null })
      world.service.behave({ tell: () => ({ transactions: 'none' }) })
      await expect(world.wallet.listIncoming({ since: 0, cursor: null })).rejects.toMatchObject({
        code: 'wallet-unusable',
      })
    })

    it('ends a sweep of a wallet that always serves the first page', async () => {
      await start()
      await settledInvoice()
      const page = await world.wallet.listIncoming({ since: 0, cursor: null })
      const first = { payment_hash: page.settled[0]?.paymentHash, type: 'incoming', state: 'pending' }
      world.service.behave({ tell: () => ({ transactions: [first] }) })
      expect(await world.wallet.listIncoming({ since: 0, cursor: page.cursor })).toEqual({ settled: [], cursor: null })
    })

    it('says refused by a code that proves that nothing was sent', async () => {
      await start({ service: { behaviour: { refuseWith: 'RATE_LIMITED' } } })
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      expect(await world.wallet.payInvoice(bolt11, paymentHash)).toEqual({ type: 'refused', reason: 'RATE_LIMITED' })
      await expect(world.wallet.lookupInvoice(paymentHash)).rejects.toThrow(/RATE_LIMITED/)
    })
  })

  describe('whose requests are lost', () => {
    it('waits no longer than the time of the method, and takes no late reply', async () => {
      const clock = createMovedClock(Date.now())
      await start({ clock, service: { behaviour: { replies: 'never' } } })
      const { bolt11, paymentHash, preimage } = await invoiceOf(world.other)
      const lookup = expect(world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'timeout' })
      const paying = world.wallet.payInvoice(bolt11, paymentHash)
      await vi.waitFor(() => expect(world.service.counts.requests).toBe(2), SOON)
      clock.advance(20_000)
      await lookup
      clock.advance(40_000)
      expect(await paying).toEqual({ type: 'unknown', reason: 'local:no-reply' })
      world.service.behave({})
      expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'settled', preimage })
      expect(clock.waiting).toBe(0)
    })

    it('takes a reply that is late within the time', async () => {
      await start({ service: { behaviour: { replyDelayMs: 150 } } })
      const { paymentHash } = await invoiceOf()
      expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    })

    it('says refused where every relay refused the request, and asks no wallet', async () => {
      await start()
      world.relay.refuse(({ kind }) => (kind === 23194 ? { ok: false, reason: 'blocked: not here' } : undefined))
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      expect(await world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'refused' })
      await expect(world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
      expect(world.service.counts.requests).toBe(0)
    })

    it('waits for an answer to a payment that no relay has confirmed, and for no other', async () => {
      const clock = createMovedClock(Date.now())
      await start({ clock })
      world.relay.refuse(({ kind }) => (kind === 23194 ? { ok: false, reason: 'rate-limited: slow down' } : undefined))
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      await expect(world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
      const paying = world.wallet.payInvoice(bolt11, paymentHash)
      await expect(world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
      clock.advance(60_000)
      expect(await paying).toMatchObject({ type: 'unknown' })
    })

    it('ends every call at its stop', async () => {
      const clock = createMovedClock(Date.now())
      await start({ clock, service: { behaviour: { replies: 'never' } } })
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      const lookup = expect(world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
      const paying = world.wallet.payInvoice(bolt11, paymentHash)
      await vi.waitFor(() => expect(world.service.counts.requests).toBe(2), SOON)
      await world.wallet.stop()
      await lookup
      expect(await paying).toEqual({ type: 'unknown', reason: 'local:stopped' })
      expect((await world.wallet.payInvoice(bolt11, paymentHash)).type).toBe('unknown')
      expect(clock.waiting).toBe(0)
    })

    it('gives every request an expiration, so that nothing is paid after we gave up', async () => {
      await start()
      const requests: NostrEvent[] = []
      world.relay.refuse((event) => {
        if (event.kind === 23194) requests.push(event)
        return undefined
      })
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      await world.wallet.payInvoice(bolt11, paymentHash)
      await world.wallet.lookupPayment(paymentHash)
      const lives = requests.map((event) => Number(tagValue(event, 'expiration')) - event.created_at)
      expect(lives).toEqual([60, 20])
      expect(requests.map((event) => tagValue(event, 'encryption'))).toEqual(['nip44_v2', 'nip44_v2'])
    })

    it('opens no connection but those of the relay pool', async () => {
      await start()
      const before = world.relay.counts.connections
      const { paymentHash } = await invoiceOf()
      await Promise.all(Array.from({ length: 20 }, () => world.wallet.lookupInvoice(paymentHash)))
      expect(world.relay.counts.connections).toBe(before)
      expect(world.relay.counts.subscriptions).toBe(2)
    })
  })

  describe('that listens', () => {
    const listen = () => {
      const heard: SettledIncoming[] = []
      const gaps: number[] = []
      world.wallet.onSettled(
        (settled) => heard.push(settled),
        () => gaps.push(1),
      )
      return { heard, gaps }
    }
    /** Whatever was sent before has been heard once this has. */
    const fence = async (heard: SettledIncoming[]) => {
      world.service.behave({})
      const { paymentHash } = await settledInvoice()
      await vi.waitFor(() => expect(heard.at(-1)?.paymentHash).toBe(paymentHash), SOON)
    }

    it.each<[string, NwcBehaviour]>([
      ['without a preimage', { tellNotified: (one) => ({ ...one, preimage: undefined }) }],
      ['with a foreign preimage', { tellNotified: (one) => ({ ...one, preimage: FOREIGN }) }],
      ['without an amount', { tellNotified: (one) => ({ ...one, amount: undefined }) }],
      ['of no direction', { tellNotified: (one) => ({ ...one, type: undefined }) }],
      ['that calls it pending', { tellNotified: (one) => ({ ...one, state: 'pending' }) }],
      ['that cannot be opened', { notifications: 'garbled' }],
    ])('takes a notification %s for a reason to look, and not for a payment', async (_, behaviour) => {
      await start()
      const { heard, gaps } = listen()
      world.service.behave(behaviour)
      await settledInvoice()
      await fence(heard)
      expect(heard).toHaveLength(1)
      expect(gaps).toHaveLength(1)
    })

    it('takes a settled payment without a state by its time', async () => {
      await start({ service: { behaviour: { tellNotified: (one) => ({ ...one, state: undefined }) } } })
      const { heard } = listen()
      const { paymentHash } = await settledInvoice()
      await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
      expect(heard[0]?.paymentHash).toBe(paymentHash)
    })

    it('hears a replayed notification once', async () => {
      await start()
      const { heard, gaps } = listen()
      await settledInvoice()
      await fence(heard)
      await world.service.replay()
      await fence(heard)
      expect(heard).toHaveLength(3)
      expect(gaps).toEqual([])
    })

    it('does not hear a stranger, nor of what is no incoming payment', async () => {
      await start()
      const { heard, gaps } = listen()
      const stranger = createPoolFixture(systemClock).pool
      const forged = { notification_type: 'payment_received', notification: {} }
      const { bolt11 } = await invoiceOf(world.other)
      const genuine = await new Promise<NostrEvent>((resolve) => {
        world.relay.refuse((event) => {
          if (event.kind === 23197) resolve(event)
          return undefined
        })
        void world.node.pay(bolt11)
      })
      world.relay.refuse(undefined)
      await stranger.publish({ ...genuine, content: JSON.stringify(forged) }, world.relay.url)
      await stranger.stop()
      await fence(heard)
      expect(heard).toHaveLength(1)
      expect(gaps).toEqual([])
    })

    it('does not let a forgery hide the message that it imitates', async () => {
      await start({ relay: { verify: false } })
      const { heard, gaps } = listen()
      const stranger = createPoolFixture(systemClock).pool
      const forgeFirst = (kind: number) =>
        new Promise<void>((resolve) => {
          world.relay.refuse((event) => {
            if (event.kind !== kind) return undefined
            world.relay.refuse(undefined)
            const forged = { ...event, sig: '0'.repeat(128) }
            void stranger.publish(forged, world.relay.url).then(() => resolve(world.service.replay()))
            return { ok: true, reason: '' }
          })
        })
      const notified = forgeFirst(23197)
      const { paymentHash } = await settledInvoice()
      await notified
      await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
      const replied = forgeFirst(23195)
      expect(await world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
      await replied
      expect(gaps).toEqual([])
      await stranger.stop()
    })

    it('says that it may have missed something after each reconnection, and hears again', async () => {
      await start()
      const { heard, gaps } = listen()
      world.service.behave({ notifications: 'dropped' })
      const { paymentHash } = await settledInvoice()
      world.relay.dropConnections()
      await vi.waitFor(() => expect(gaps).toHaveLength(1), SOON)
      await vi.waitFor(
        async () => expect(await world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' }),
        SOON,
      )
      await fence(heard)
      expect(heard).toHaveLength(1)
    })

    it('reads both kinds of notification', async () => {
      await start({ service: { encryptions: ['nip04'] } })
      const { heard, gaps } = listen()
      await settledInvoice()
      await fence(heard)
      await world.service.send(23196, GARBLED)
      await fence(heard)
      expect(heard).toHaveLength(3)
      expect(gaps).toHaveLength(1)
    })
  })

  describe('that starts', () => {
    const createWallet = (uri: string) => {
      const { pool, log } = createPoolFixture(systemClock)
      return { pool, wallet: createNwcWallet({ name: 'till', uri, relayPool: pool, clock: systemClock, log }) }
    }

    it('refuses a wallet of another network, and may be started again', async () => {
      world = await createNwcWorld({ wallet: { network: 'mainnet' } })
      await expect(world.wallet.start()).rejects.toThrow(/regtest, and mainnet is expected/)
      await vi.waitFor(() => expect(world.isClosed()).toBe(true), SOON)
      world.service.behave(told({ network: 'bitcoin' }))
      await world.wallet.start()
      expect(await world.wallet.getInfo()).toMatchObject({ network: 'mainnet' })
    })

    it('refuses a wallet that says nothing of itself', async () => {
      world = await createNwcWorld({ service: { announced: false, behaviour: { refuseWith: 'UNAUTHORIZED' } } })
      await expect(world.wallet.start()).rejects.toMatchObject({ code: 'wallet-unusable' })
    })

    it('knows what a read-only connection can do, and asks for nothing else', async () => {
      await start({ service: { permissions: 'read' } })
      expect([...world.wallet.methods].sort()).toEqual([
        'getInfo',
        'listIncoming',
        'lookupInvoice',
        'lookupPayment',
        'onSettled',
      ])
      const { bolt11, paymentHash } = await invoiceOf(world.other)
      expect(await world.wallet.payInvoice(bolt11, paymentHash)).toEqual({ type: 'refused', reason: 'RESTRICTED' })
    })

    it('refuses a wallet whose relay is not there, without naming its address', async () => {
      world = await createNwcWorld()
      const { uri } = world.service
      await world.relay.stop()
      const { pool, wallet } = createWallet(uri)
      const error: unknown = await wallet.start().catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'wallet-unusable' })
      expect(String(error)).not.toMatch(/walletconnect|[0-9a-f]{64}/)
      await pool.stop()
    })

    it('refuses an address that cannot be read, without quoting it', async () => {
      world = await createNwcWorld()
      const broken = world.service.uri.replace('secret=', 'secret=x')
      expect(() => createWallet(broken)).toThrow(/one secret of 64/)
      expect(() => createWallet(broken)).not.toThrow(/[0-9a-f]{16}/)
    })
  })
})

/** Does the embedded wallet service offer hold invoices as NIP-47 has them, to a client that is not ours? */
import { NWCClient } from '@getalby/sdk/nwc'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { createLdkPair } from '../../../src/dev/lightning/ldk.js'
import { permittedMethods, sentNotifications } from '../../../src/dev/nwc-methods.js'
import { createNwcWorld, type NwcWorld } from '../../support/nwc-world.js'
import { holdRequest, payLater, SOON } from '../../support/wallet-world.js'

describe('the embedded wallet service, for hold invoices', () => {
  let world: NwcWorld
  let client: NWCClient
  const native: unknown = globalThis.WebSocket
  beforeEach(async () => {
    for (const method of ['info', 'error', 'warn', 'debug'] as const)
      vi.spyOn(console, method).mockImplementation(() => undefined)
    Reflect.set(globalThis, 'WebSocket', WebSocket)
    world = await createNwcWorld()
    client = new NWCClient({ nostrWalletConnectUrl: world.service.uri })
  })
  afterEach(async () => {
    client.close()
    await world.stop()
    Reflect.set(globalThis, 'WebSocket', native)
    vi.restoreAllMocks()
  })

  const make = async () => {
    const { paymentHash, preimage } = holdRequest()
    const { invoice } = await client.makeHoldInvoice({ amount: 21_000, payment_hash: paymentHash })
    return { paymentHash, preimage, invoice, ended: payLater(world.other, invoice).ended }
  }
  const accepted = (paymentHash: string) =>
    vi.waitFor(() => expect(world.node.lookup(paymentHash)?.state).toBe('accepted'), SOON)

  it("serves the SDK's own client: made, accepted, settled, and each told of", async () => {
    const heard: object[] = []
    const forget = await client.subscribeNotifications(({ notification_type: type, notification }) =>
      heard.push({ type, state: notification.state, settle_deadline: notification.settle_deadline }),
    )
    const { paymentHash, preimage, ended } = await make()
    await accepted(paymentHash)
    const settle_deadline = world.node.lookup(paymentHash)?.settleDeadline
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
    expect(heard).toEqual([{ type: 'hold_invoice_accepted', state: 'accepted', settle_deadline }])
    expect(await client.lookupInvoice({ payment_hash: paymentHash })).toMatchObject({
      state: 'accepted',
      settle_deadline,
    })
    await client.settleHoldInvoice({ preimage })
    expect(await ended).toBe(preimage)
    await vi.waitFor(() => expect(heard).toHaveLength(2), SOON)
    expect(heard[1]).toMatchObject({ type: 'payment_received', state: 'settled' })
    forget()
  })

  it('cancels, and calls what is cancelled failed', async () => {
    const { paymentHash, ended } = await make()
    await accepted(paymentHash)
    await client.cancelHoldInvoice({ payment_hash: paymentHash })
    expect(await ended).toBeNull()
    expect(await client.lookupInvoice({ payment_hash: paymentHash })).toMatchObject({ state: 'failed' })
  })

  it.each<[string, string, (client: NWCClient) => Promise<unknown>]>([
    ['to settle what it does not know', 'NOT_FOUND', (asked) => asked.settleHoldInvoice(holdRequest())],
    ['to cancel it', 'NOT_FOUND', (asked) => asked.cancelHoldInvoice({ payment_hash: 'ab'.repeat(32) })],
    ['a preimage that is none', 'OTHER', (asked) => asked.settleHoldInvoice({ preimage: 'yes' })],
    ['a hash that is none', 'OTHER', (asked) => asked.makeHoldInvoice({ amount: 1_000, payment_hash: 'yes' })],
  ])('refuses %s', async (_, code, ask) => {
    await expect(ask(client)).rejects.toMatchObject({ code })
  })

  it('refuses a hash twice, and what is settled or cancelled already where it is strict', async () => {
    const { paymentHash, preimage, ended } = await make()
    await accepted(paymentHash)
    const again = client.makeHoldInvoice({ amount: 21_000, payment_hash: paymentHash })
    await expect(again).rejects.toMatchObject({ code: 'OTHER' })
    await client.settleHoldInvoice({ preimage })
    await client.settleHoldInvoice({ preimage })
    await expect(client.cancelHoldInvoice({ payment_hash: paymentHash })).rejects.toMatchObject({ code: 'OTHER' })
    world.service.behave({ holds: 'strict' })
    await expect(client.settleHoldInvoice({ preimage })).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await ended
    const open = await make()
    await accepted(open.paymentHash)
    await client.cancelHoldInvoice({ payment_hash: open.paymentHash })
    const repeated = client.cancelHoldInvoice({ payment_hash: open.paymentHash })
    await expect(repeated).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })
})

it('offers no hold methods for an LDK node, whatever is permitted', async () => {
  const pair = await createLdkPair()
  expect(permittedMethods('hold', pair.alice)).toEqual(permittedMethods('full', pair.alice))
  expect(sentNotifications('hold', pair.alice)).not.toContain('hold_invoice_accepted')
  pair.stop()
})

/** Does the customer pay only what it may, and never twice? Every rule of the offer, every outcome of the wallet, every death. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import type { NostrEvent } from '../../src/core/event.js'
import { signInvoice, type UnsignedInvoice } from '../../src/dev/lightning/sign-invoice.js'
import { createCustomerWorld, type CustomerWorld } from '../support/customer-world.js'

let world: CustomerWorld
beforeEach(async () => {
  world = await createCustomerWorld()
})
afterEach(async () => {
  await world.stop()
})

const crafted = (changes: Partial<UnsignedInvoice>): string =>
  signInvoice(
    {
      paymentHash: randomBytes(32).toString('hex'),
      paymentSecret: randomBytes(32).toString('hex'),
      amountMsat: 21_000 as Msat,
      description: 'a job',
      timestamp: Math.floor(Date.now() / 1000),
      expirySeconds: 600,
      prefix: 'bcrt',
      ...changes,
    },
    randomBytes(32),
  )

const longAgo = Math.floor(Date.now() / 1000) - 3_600

describe('an offer is not paid', () => {
  it.each([
    ['amount-differs', 'that asks for more than its amount tag', 21_000, () => crafted({ amountMsat: 22_000 as Msat })],
    ['amount-differs', 'that asks for less than its amount tag', 21_000, () => crafted({ amountMsat: 1_000 as Msat })],
    ['above-bid', 'above the bid', 31_000, () => crafted({ amountMsat: 31_000 as Msat })],
    ['wrong-network', 'on another network', 21_000, () => crafted({ prefix: 'bc' })],
    ['wrong-network', 'on a test network of another name', 21_000, () => crafted({ prefix: 'tb' })],
    ['invoice-expired', 'that has expired', 21_000, () => crafted({ timestamp: longAgo })],
    ['amount-missing', 'that leaves the amount to us', 21_000, () => crafted({ amountMsat: null })],
    ['invoice-invalid', 'with an unknown even feature', 21_000, () => crafted({ extraFeatureBit: 98 })],
    [
      'invoice-invalid',
      'with a broken checksum',
      21_000,
      () => crafted({}).replace(/.$/, (c) => (c === 'q' ? 'p' : 'q')),
    ],
    ['invoice-invalid', 'that is no invoice', 21_000, () => 'lnbcrt-nonsense'],
    ['no-invoice', 'without an invoice', 21_000, () => undefined],
  ])('%s: %s', async (code, _, amount, bolt11) => {
    const run = world.paying({ bidSats: '30' })
    const job = await world.provider.nextJob()
    await world.provider.offer(job, amount, bolt11())
    expect(await run.exit).toBe(4)
    expect(run.lines.at(-1)).toMatchObject({ type: 'ended', outcome: 'not-payable', code })
    expect(run.said.at(-1)).toContain(code)
    expect(world.asked).toEqual([])
  })

  it('above-max: above --max-sats, although within the bid', async () => {
    const run = world.paying({ bidSats: '100', maxSats: '20' })
    await world.provider.offer(await world.provider.nextJob(), 21_000, crafted({}))
    expect(await run.exit).toBe(4)
    expect(run.lines.at(-1)).toMatchObject({ code: 'above-max' })
    expect(world.asked).toEqual([])
  })

  it('that is shown either: the rules hold for invoices that somebody else is to pay', async () => {
    const run = world.run({ bidSats: '20' })
    await world.provider.offer(await world.provider.nextJob(), 21_000, crafted({}))
    expect(await run.exit).toBe(4)
    expect(run.told('offered')).toEqual([])
  })

  it('when its amount tag is no number: that answer is passed over', async () => {
    const run = world.paying()
    const job = await world.provider.nextJob()
    await world.provider.offer(job, '21e3', crafted({}))
    expect(await run.until('ignored')).toMatchObject({ code: 'not-believed' })
    await world.serve(job)
    expect(await run.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
  })

  it('when it is about another job or for another customer', async () => {
    const run = world.paying()
    const job = await world.provider.nextJob()
    const { provider } = world
    const offer = [
      ['status', 'payment-required'],
      ['amount', '21000', crafted({})],
    ]
    const stranger = 'c'.repeat(64)
    await provider.publish(await provider.sign({ tags: [['e', job.id], ['p', stranger], ...offer] }))
    // The relay delivers it for the second `e`.
    await provider.publish(await provider.sign({ tags: [['e', stranger], ['e', job.id], ['p', job.pubkey], ...offer] }))
    await expect.poll(() => run.told('ignored').length).toBe(2)
    await world.serve(job)
    expect(await run.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
  })

  it('when it is the second one for the job', async () => {
    const run = world.paying()
    const job = await world.provider.nextJob()
    const [first, second] = [await world.invoice(21_000), await world.invoice(20_000)]
    await world.provider.offer(job, 21_000, first.bolt11)
    await run.until('paid')
    await world.provider.offer(job, 20_000, second.bolt11)
    await run.until('ignored')
    await world.provider.deliver(job, 'a joke')
    expect(await run.exit).toBe(0)
    expect(run.told('ignored')).toMatchObject([{ code: 'second-invoice' }])
    expect(world.asked).toEqual([first.bolt11])
  })
})

describe('the wallet', () => {
  const offered = async (run: { until(type: string): Promise<unknown> }): Promise<NostrEvent> => {
    const job = await world.provider.nextJob()
    const { bolt11 } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    await run.until('paying')
    return job
  }

  it('that refuses ends the request; a second run may pay the same invoice', async () => {
    world.payer.faults.failNext = 'refused'
    const first = world.paying()
    const job = await offered(first)
    expect(await first.exit).toBe(5)
    const second = world.paying({ job: job.id })
    await second.until('paid')
    await world.provider.deliver(job, 'a joke')
    expect(await second.exit).toBe(0)
    expect(second.lines[0]).toMatchObject({ payment: 'refused' })
    expect(new Set(world.asked).size).toBe(1)
    expect(world.asked).toHaveLength(2)
  })

  it('that does not know whether it paid is asked again, and pays once', async () => {
    world.payer.faults.failNext = 'unknown'
    const run = world.paying()
    const job = await offered(run)
    await run.until('payment-unknown')
    await run.until('paid')
    await world.provider.deliver(job, 'a joke')
    expect(await run.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
  })

  it('that lost the payment leaves it unknown, in this run and in the next', async () => {
    world.payer.faults.failNext = 'lost'
    const first = world.paying({ timeout: '2' })
    const job = await offered(first)
    expect(await first.exit).toBe(6)
    const second = world.paying({ job: job.id, timeout: '1' })
    expect(await second.exit).toBe(6)
    expect(second.lines[0]).toMatchObject({ payment: 'unknown' })
    expect(world.asked).toHaveLength(1)
  })

  it('that keeps silent does not keep the result from us', async () => {
    world.service.behave({ methods: ['pay_invoice'], replies: 'never' })
    const run = world.paying()
    await world.provider.deliver(await offered(run), 'a joke')
    expect(await run.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
  })

  it('that others can read, or that is missing, stops the request before anything is published', async () => {
    await expect(world.run({ pay: true, maxSats: '50' }).exit).rejects.toMatchObject({ code: 'usage' })
    await chmod(world.walletFile, 0o644)
    await expect(world.paying().exit).rejects.toMatchObject({ code: 'key-unusable' })
    expect([...world.relay.events()].filter(({ kind }) => kind === 5800)).toEqual([])
  })

  it('is asked by one of two runs on the same job at the same time', async () => {
    const shown = world.run()
    const job = await world.provider.nextJob()
    const { bolt11 } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    await shown.until('offered')
    shown.stop()
    await shown.exit
    const runs = [1, 2, 3, 4].map(() => world.paying({ job: job.id }))
    await Promise.all(runs.map((run) => run.until('paid')))
    await world.provider.deliver(job, 'a joke')
    expect(await Promise.all(runs.map((run) => run.exit))).toEqual([0, 0, 0, 0])
    expect(world.asked).toEqual([bolt11])
    expect(runs.flatMap((run) => run.told('paying'))).toHaveLength(1)
  })
})

describe('a customer process killed with SIGKILL', () => {
  async function die(diesAt: 'beforePaying' | 'afterPaying' | 'never') {
    const shown = world.run()
    const job = await world.provider.nextJob()
    const { bolt11 } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    await shown.until('offered')
    shown.stop()
    await shown.exit
    const { stateDir, walletFile } = world
    const facts = JSON.stringify({ jobId: job.id, stateDir, walletFile, diesAt })
    const child = spawn(process.execPath, ['test/support/customer-process.js', facts], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return { job, exited: once(child, 'exit') }
  }

  it('between the intent and the payment: no later run ever pays', async () => {
    const { job, exited } = await die('beforePaying')
    expect(await exited).toEqual([null, 'SIGKILL'])
    for (const timeout of ['1', '2']) {
      const run = world.paying({ job: job.id, timeout })
      expect(await run.exit).toBe(6)
      expect(run.lines[0]).toMatchObject({ payment: 'intended' })
    }
    expect(world.asked).toEqual([])
  })

  it('between the payment and its outcome: the next run finds it paid, and pays nothing', async () => {
    const { job, exited } = await die('afterPaying')
    expect(await exited).toEqual([null, 'SIGKILL'])
    const run = world.paying({ job: job.id })
    await run.until('paid')
    await world.provider.deliver(job, 'a joke')
    expect(await run.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
  })

  it('never: it ends by itself, since nothing is left open', async () => {
    const { job, exited } = await die('never')
    await expect.poll(() => world.asked.length, { timeout: 5_000 }).toBe(1)
    await world.provider.deliver(job, 'a joke')
    expect(await exited).toEqual([0, null])
  })
})

/** Does money go back once and no more, whatever the wallet, the destination or a crash does? */
import { describe, expect, it } from 'vitest'
import type { Fact } from '../../../src/core/fact.js'
import type { PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import type { Refunding } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { transition } from '../../../src/core/transition.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import type { OutgoingState, PaymentOutcome, Wallet } from '../../../src/ports.js'
import type { Obstacle, Pause } from '../../../src/steps/context.js'
import { refunding } from '../../../src/steps/refunding.js'
import { createScriptedWallet } from '../../support/scripted-wallet.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createStepWorld } from '../../support/step-world.js'

const AMOUNT = 21_000 as Msat
const PREIMAGE = '00'.repeat(32) as Preimage
const MINUTE_MS = 60_000

async function open() {
  const world = createStepWorld()
  const network = createSimulatedNetwork({ now: () => world.clock.now() })
  const [own, customer] = [network.createNode(), network.createNode()]
  const invoice = async (amountMsat: number | null = AMOUNT, node = customer, expirySeconds = 600) =>
    (await node.makeInvoice({ amountMsat: amountMsat as Msat | null, description: 'back', expirySeconds })).bolt11
  const outcomes: PaymentOutcome[] = []
  const looks: OutgoingState[] = []
  const paid: { bolt11: string; maxFeeMsat: number | undefined }[] = []
  const asked: string[] = []
  const given: (string | Obstacle)[] = []
  const wallet: Wallet = {
    ...createScriptedWallet(['payInvoice', 'lookupPayment']),
    payInvoice: async (bolt11, _hash, limits) => {
      paid.push({ bolt11, maxFeeMsat: limits?.maxFeeMsat })
      return outcomes.shift() ?? { type: 'paid', preimage: PREIMAGE, feesMsat: 7 as Msat }
    },
    lookupPayment: async () => looks.shift() ?? { state: 'not_found' },
  }
  const purse = { wallet, info: () => wallet.getInfo() }
  const refunds = {
    invoiceFrom: async (destination: { type: string; bolt11?: string }) => {
      asked.push(destination.type)
      return destination.bolt11 ?? given.shift() ?? (await invoice())
    },
  }
  const fees = { allowed: true }
  const contextOf = (run: string) => ({
    ...world.context,
    exposure: { ...world.context.exposure, spendOnRefund: async () => fees.allowed },
    ...{ run, refunds, purses: new Map([['purse', purse]]), begun: new WeakSet<object>() },
  })
  let context = contextOf('run-1')
  const { hold: _, ...sample } = jobIn('paying')
  const { spending, ...facts } = sample
  const job: Refunding = {
    ...facts,
    spending,
    state: 'refunding',
    offer: { ...facts.offer, payee: own.id },
    failure: { code: 'upstream-unpayable', detail: null, httpStatus: null },
    refund: { ...jobIn('refunding').refund, amountMsat: AMOUNT },
    refundTo: 'name@example.com',
  }
  return {
    ...{ ...world, job, own, customer, invoice, outcomes, looks, paid, asked, given, fees },
    /** A crash: nothing but the saved job is left. */
    restart: () => void (context = contextOf('run-2')),
    step: (at: Refunding): Promise<Fact | Pause> => refunding(context, at),
    /** Follows facts until the job pauses or leaves its state. */
    follow: async (from: Refunding, most = 20): Promise<{ job: Refunding; last: Fact | Pause }> => {
      let at = from
      for (let n = 0; n < most; n += 1) {
        const found = await refunding(context, at)
        if (found.type !== 'refundMoved') return { job: at, last: found }
        at = transition(at, found, world.clock.now()) as Refunding
      }
      throw new Error('it does not end')
    },
  }
}

describe('a refund', () => {
  it('is asked for, announced, paid in full with limited fees, and remembered', async () => {
    const { follow, job, paid } = await open()
    const { job: after, last } = await follow(job)
    expect(last).toEqual({ type: 'returned' })
    expect(paid).toEqual([{ bolt11: after.refund.bolt11, maxFeeMsat: job.offer.purchase.maxFeeMsat }])
    expect(after.refund.spent).toMatchObject({ feesMsat: 7 })
  })

  it('is saved with its invoice, and announced, before it is paid', async () => {
    const { step, job, paid } = await open()
    const fetched = await step(job)
    expect(fetched).toMatchObject({ type: 'refundMoved', refund: { spending: null } })
    const announced = await step(transition(job, fetched as Fact, 1) as Refunding)
    expect(announced).toMatchObject({ refund: { spending: { attempt: { run: 'run-1' } } } })
    expect(paid).toEqual([])
  })

  it('waits, and is neither announced nor sent, while too much was spent on fees', async () => {
    const { follow, job, paid, fees } = await open()
    fees.allowed = false
    expect((await follow(job)).last).toMatchObject({ type: 'pause' })
    fees.allowed = true
    expect((await follow(job)).last).toEqual({ type: 'returned' })
    expect(paid).toHaveLength(1)
  })

  it('is not sent again after a crash, at any point: it is looked up', async () => {
    const { step, restart, job, paid, looks } = await open()
    const fetched = transition(job, (await step(job)) as Fact, 1) as Refunding
    const announced = transition(fetched, (await step(fetched)) as Fact, 2) as Refunding
    restart()
    looks.push({ state: 'pending' }, { state: 'settled', preimage: PREIMAGE, feesMsat: null })
    const seen = await step(announced)
    expect(seen).toMatchObject({ refund: { spending: { sawPending: true } } })
    expect(await step(transition(announced, seen as Fact, 3) as Refunding)).toMatchObject({ refund: { spent: {} } })
    expect(paid).toEqual([])
  })

  it('whose outcome is unknown is never paid again, until its failure is proven by its silence', async () => {
    const { follow, clock, job, outcomes, paid } = await open()
    outcomes.push({ type: 'unknown', reason: 'INTERNAL' })
    let { job: at, last } = await follow(job)
    for (let minutes = 0; minutes < 15; minutes += 1) {
      expect(last).toMatchObject({ type: 'pause' })
      await clock.advance(MINUTE_MS)
      ;({ job: at, last } = await follow(at))
    }
    expect(paid).toHaveLength(1)
    await clock.advance(10 * MINUTE_MS)
    ;({ job: at } = await follow(at))
    expect(at.refund).toMatchObject({ bolt11: null, spending: null, tries: 1 })
  })

  it('that was refused is tried again with a new invoice, ever later, and at last it is owed', async () => {
    const { follow, clock, job, outcomes, paid } = await open()
    for (let n = 0; n < 10; n += 1) outcomes.push({ type: 'refused', reason: 'no route' })
    let { job: at, last } = await follow(job)
    while (last.type === 'pause') {
      await clock.advance((last.until ?? 0) - clock.now())
      ;({ job: at, last } = await follow(at))
    }
    expect(last).toMatchObject({ type: 'owed' })
    expect(new Set(paid.map(({ bolt11 }) => bolt11)).size).toBe(6)
  })

  it('to an address that gives no invoice is tried again, and one that never will is owed at once', async () => {
    const { follow, job, given, paid } = await open()
    given.push({ obstacle: 'the address answers 503', final: false })
    expect((await follow(job)).last).toMatchObject({ type: 'pause' })
    given.push({ obstacle: 'it cannot be read', final: true })
    expect((await follow(job)).last).toEqual({ type: 'owed', reason: 'it cannot be read' })
    expect(paid).toEqual([])
  })

  it('is owed where the job names no place', async () => {
    const { step, job } = await open()
    const { refundTo: _, ...nowhere } = job
    expect(await step(nowhere)).toMatchObject({ type: 'owed' })
  })
})

describe("a customer's invoice is not paid", () => {
  it.each([
    ['over another amount', (world: Awaited<ReturnType<typeof open>>) => world.invoice(AMOUNT + 1), /msat/],
    ['without an amount', (world: Awaited<ReturnType<typeof open>>) => world.invoice(null), /no amount/],
    ['of our own node', (world: Awaited<ReturnType<typeof open>>) => world.invoice(AMOUNT, world.own), /very wallet/],
    [
      'that is about to expire',
      (world: Awaited<ReturnType<typeof open>>) => world.invoice(AMOUNT, world.customer, 15),
      /expired/,
    ],
    [
      'that never expires',
      (world: Awaited<ReturnType<typeof open>>) => world.invoice(AMOUNT, world.customer, 1e8),
      /month/,
    ],
  ])('%s', async (_name, make, why) => {
    const world = await open()
    const last = await world.step({ ...world.job, refundTo: await make(world) })
    expect(last).toMatchObject({ type: 'owed', reason: expect.stringMatching(why) as string })
    expect(world.paid).toEqual([])
  })

  it('on a hash that a job has or had', async () => {
    const world = await open()
    const bolt11 = await world.invoice()
    const hash = world.customer.incoming()[0]?.paymentHash as PaymentHash
    const other = jobIn('awaiting')
    await world.store.insert({ ...other, offer: { ...other.offer, paymentHash: hash } })
    expect(await world.step({ ...world.job, refundTo: bolt11 })).toMatchObject({ type: 'owed' })
  })

  it('a second time on the word of a wallet that may mean the first', async () => {
    const { follow, step, clock, restart, job, invoice, outcomes, looks, paid } = await open()
    outcomes.push({ type: 'refused', reason: 'no route' })
    const { job: refused, last } = await follow({ ...job, refundTo: await invoice() })
    await clock.advance(((last as Pause).until ?? 0) - clock.now())
    const announced = transition(refused, (await step(refused)) as Fact, 1) as Refunding
    restart()
    looks.push({ state: 'failed' })
    expect(await step(announced)).toMatchObject({ refund: { spending: { notFoundSince: clock.now() } } })
    expect(paid).toHaveLength(1)
  })

  it('nor where the operator has it tried anew after it was owed', async () => {
    const { follow, step, clock, restart, job, invoice, outcomes, looks, paid } = await open()
    for (let n = 0; n < 6; n += 1) outcomes.push({ type: 'refused', reason: 'no route' })
    let { job: at, last } = await follow({ ...job, refundTo: await invoice(AMOUNT, undefined, 100_000) })
    while (last.type === 'pause') {
      await clock.advance((last.until ?? 0) - clock.now())
      ;({ job: at, last } = await follow(at))
    }
    const { state: _, ...facts } = at
    const failed = { ...facts, state: 'failed', returned: false } as const
    const retried = transition(failed, { type: 'retried' }, clock.now()) as Refunding
    const announced = transition(retried, (await step(retried)) as Fact, clock.now()) as Refunding
    restart()
    looks.push({ state: 'failed' })
    expect(await step(announced)).toMatchObject({ refund: { spending: { notFoundSince: clock.now() } } })
    expect(paid).toHaveLength(6)
  })
})

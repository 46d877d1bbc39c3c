/** Is every zap of a job taken once, or given back once, and never by more than was zapped? */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { EventId, PaymentHash } from '../../../src/core/identifiers.js'
import type { Job, Refunding } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { signInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { createSettlementWatch, targetOf, type Found } from '../../../src/settlement/watch.js'
import { createZap, type ResoldJob, type ZapSource } from '../../../src/settlement/zap.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { boughtJobIn } from '../../support/sample-jobs.js'
import { createScriptedWallet } from '../../support/scripted-wallet.js'
import { createLogRecorder } from '../../support/store-parts.js'

const [SERVER, SENDER, NODE] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer]
const SELF = pubkeyOf(Buffer.alloc(32, 4))
const AT = 1_800_000_000
const PRICE = 21_000
const ARCHIVED = 'ad'.repeat(32) as EventId

const sign = (key: Buffer, kind: number, tags: string[][]): NostrEvent =>
  signEvent({ kind, created_at: AT, tags, content: '' }, key, pubkeyOf(key), Buffer.alloc(32, 9))

function open(whileStored: () => void = () => undefined) {
  const clock = createFakeClock(AT * 1_000)
  const wallet = createScriptedWallet(['lookupInvoice'])
  const sample = boughtJobIn('awaiting') as ResoldJob & { readonly state: 'awaiting' }
  const purchase = { ...sample.offer.purchase, mode: 'resell' as const }
  const offer = { ...sample.offer, purchase, amountMsat: PRICE as Msat, sources: ['ownInvoice', 'zap'] as const }
  const job = { ...sample, offer: { ...offer, offeredAt: AT * 1_000 } } as typeof sample
  const jobs = new Map<EventId, Job>([[job.id, job]])
  const claimed = new Set<PaymentHash>()
  const strays: Refunding[] = []
  const early: { zap?: ZapSource } = {}
  const found: EventId[] = []
  const searched: EventId[] = []
  const watch = createSettlementWatch({
    log: createLogRecorder(),
    onFound: (id) => void found.push(id),
    sources: (targets) => [
      (early.zap = createZap({
        ...{ targets, clock, log: createLogRecorder(), wallets: new Map([['purse', wallet]]) },
        store: {
          get: (id) => jobs.get(id),
          has: (id) => jobs.has(id as EventId) || id === ARCHIVED,
          live: () => jobs.values(),
          findArchived: async (id) => void searched.push(id),
          hasPaymentHash: (hash) => claimed.has(hash),
        },
        recipient: async () => ({ self: SELF, nostrPubkey: pubkeyOf(SERVER), lnurl: 'https://till.test/' }),
        async onStray(stray) {
          await settled()
          whileStored()
          if (jobs.has(stray.id)) return
          jobs.set(stray.id, stray)
          strays.push(stray as Refunding)
          if (stray.state === 'refunding' && stray.payment.paymentHash) claimed.add(stray.payment.paymentHash)
        },
        onPaid: () => undefined,
      })),
    ],
  })
  watch.watch(targetOf(job, 'open'))

  function receipt(number: number, amountMsat: number): NostrEvent {
    const paymentHash = number.toString(16).padStart(64, '0') as PaymentHash
    const tags = [
      ['p', SELF],
      ['e', job.id],
    ]
    const description = JSON.stringify(sign(SENDER, 9734, [...tags, ['relays', 'wss://relay.test']]))
    const descriptionHash = createHash('sha256').update(description).digest('hex')
    const bolt11 = signInvoice(
      {
        ...{ paymentHash, paymentSecret: 'ef'.repeat(32), amountMsat: amountMsat as Msat, description: '' },
        ...{ descriptionHash, timestamp: AT, expirySeconds: 600, prefix: 'bcrt' },
      },
      NODE,
    )
    wallet.looks.set(paymentHash, {
      state: 'settled',
      preimage: null,
      amountMsat: amountMsat as Msat,
      settledAt: null,
    })
    return sign(SERVER, 9735, [...tags, ['bolt11', bolt11], ['description', description]])
  }
  return {
    ...{ job, strays, found, searched, watch, claimed },
    async hear(...receipts: readonly NostrEvent[]) {
      for (const each of receipts) early.zap?.receive(each)
      for (let turn = 0; turn < 10; turn += 1) await settled()
    },
    receipt,
    /** As the engine does once the payment is saved. */
    serve() {
      const discovery: Found | undefined = watch.foundFor(job.offer.paymentHash)
      if (discovery?.source === 'zap') claimed.add(discovery.paymentHash)
      watch.unwatch({ jobId: job.id, paymentHash: job.offer.paymentHash })
    },
    /** What the strays are over, the fees of sending it included. */
    givenBack: () => strays.reduce((sum, { offer }) => sum + offer.amountMsat, 0),
  }
}

describe('zaps of one job that come together', () => {
  it('pay for it once, and of the other everything goes back, once, however often its receipt is heard', async () => {
    const world = open()
    const [first, second] = [world.receipt(1, 10 * PRICE), world.receipt(2, 10 * PRICE)]
    await world.hear(first, second)
    expect(world.found).toEqual([world.job.id])
    expect(world.givenBack()).toBe(19 * PRICE)
    world.serve()
    await world.hear(first, second)
    expect(world.givenBack()).toBe(19 * PRICE)
  })

  it('of the right amount, too', async () => {
    const world = open()
    await world.hear(world.receipt(1, PRICE), world.receipt(2, PRICE))
    expect(world.givenBack()).toBe(PRICE)
  })
})

describe('a zap of too much', () => {
  it('is not given back beyond what it was where the invoice is paid before the zap is taken', async () => {
    const world: ReturnType<typeof open> = open(() => world.serve())
    const zap = world.receipt(1, 10 * PRICE)
    await world.hear(zap)
    await world.hear(zap)
    expect(world.givenBack()).toBe(10 * PRICE)
  })

  it('costs us no fees: they come out of what goes back', async () => {
    const world = open()
    await world.hear(world.receipt(1, 10 * PRICE))
    const [stray] = world.strays
    expect(stray?.refund.amountMsat).toBe(9 * PRICE - (stray?.offer.purchase.maxFeeMsat ?? 0))
  })

  it('is kept where it is no more than it would cost to send it back', async () => {
    const world = open()
    await world.hear(world.receipt(1, PRICE + world.job.offer.purchase.maxFeeMsat))
    expect([world.found, world.strays]).toEqual([[world.job.id], []])
  })
})

describe('a zap that nobody asked for', () => {
  it.each([1_000, 5_000, 12_345, 1_000_000])('of %i msat never has more go out than came in', async (amountMsat) => {
    const world = open()
    world.serve()
    await world.hear(world.receipt(1, amountMsat))
    const out = world.strays.map(({ refund, offer }) => [refund.amountMsat, offer.purchase.maxFeeMsat])
    expect(out.filter(([sent = 0, fee = 0]) => sent > 0 && sent + fee > amountMsat)).toEqual([])
    expect(world.strays).toHaveLength(1)
  })
})

describe('a receipt that anybody can sign', () => {
  it.each([
    ['has no archive searched', SENDER, 0],
    ['has it searched where it is of the server of our address', SERVER, 1],
  ])('%s', async (_what, by, searches) => {
    const world = open()
    await world.hear(sign(by, 9735, [['e', ARCHIVED]]))
    expect(world.searched).toHaveLength(searches)
  })
})

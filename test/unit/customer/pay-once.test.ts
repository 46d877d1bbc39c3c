/** Is the intent on disk before the wallet is asked, and is a wallet believed only with the preimage? */
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EventId, PaymentHash, Preimage, Pubkey } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { lookUpPayment, payOnce } from '../../../src/customer/pay-once.js'
import { createPaymentJournal, type PaymentJournal } from '../../../src/customer/payment-journal.js'
import type { OutgoingState, PaymentOutcome, Wallet } from '../../../src/ports.js'
import { systemClock as clock } from '../../support/pool-fixture.js'

const PREIMAGE = '11'.repeat(32) as Preimage
const HASH = createHash('sha256').update(Buffer.from(PREIMAGE, 'hex')).digest('hex') as PaymentHash
const WRONG = '22'.repeat(32) as Preimage
const ID = 'aa'.repeat(32) as EventId
const offer = {
  jobId: ID,
  provider: 'bb'.repeat(32) as Pubkey,
  bolt11: 'lnbc1',
  paymentHash: HASH,
  amountMsat: 21_000 as Msat,
  expiresAt: 0,
}

let directory: string
let journal: PaymentJournal
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-pay-'))
  journal = createPaymentJournal(directory)
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

/** Only the two verbs that spend and look matter here. */
function walletThat(
  payInvoice: () => Promise<PaymentOutcome>,
  seen: () => OutgoingState = () => ({ state: 'pending' }),
) {
  const calls = { pay: 0, look: 0 }
  const wallet = {
    payInvoice: () => {
      calls.pay += 1
      return payInvoice()
    },
    lookupPayment: async () => {
      calls.look += 1
      return seen()
    },
  } as unknown as Wallet
  return { tools: { wallet, journal, clock }, calls }
}

const paid = async (): Promise<PaymentOutcome> => ({ type: 'paid', preimage: PREIMAGE, feesMsat: null })
const quietly = () => undefined

it('saves the intent before it asks the wallet', async () => {
  let onDisk: unknown = null
  const { tools } = walletThat(async () => {
    onDisk = await createPaymentJournal(directory).lastAttempt(ID)
    return paid()
  })
  await payOnce(tools, offer, quietly)
  expect(onDisk).toMatchObject({ number: 1, intent: { bolt11: 'lnbc1', paymentHash: HASH }, outcome: null })
  expect(await journal.lastAttempt(ID)).toMatchObject({ outcome: { type: 'paid', preimage: PREIMAGE } })
})

it.each([
  ['paid', paid],
  ['unknown', async (): Promise<PaymentOutcome> => ({ type: 'unknown', reason: 'no answer' })],
])('asks once where the first try was %s', async (type, payInvoice) => {
  const { tools, calls } = walletThat(payInvoice)
  await payOnce(tools, offer, quietly)
  expect(await payOnce(tools, offer, quietly)).toMatchObject({ type })
  expect(calls.pay).toBe(1)
})

it('asks once for many runs that all found no earlier try', async () => {
  const { tools, calls } = walletThat(paid)
  const runs = 10
  let read = 0
  let allHaveRead = quietly
  const barrier = new Promise<void>((resolve) => (allHaveRead = () => void resolve()))
  const racing: PaymentJournal = {
    ...journal,
    async lastAttempt(id) {
      const last = await journal.lastAttempt(id)
      if (++read === runs) allHaveRead()
      await barrier
      return last
    },
  }
  const news = await Promise.all(
    Array.from({ length: runs }, () => payOnce({ ...tools, journal: racing }, offer, quietly)),
  )
  expect(calls.pay).toBe(1)
  expect(news.map(({ type }) => type).sort()).toEqual(['paid', ...Array<string>(runs - 1).fill('unknown')])
})

it('asks again after a refusal, under a number of its own', async () => {
  const answers: PaymentOutcome[] = [{ type: 'refused', reason: 'no balance' }, await paid()]
  const { tools, calls } = walletThat(async () => answers.shift()!)
  expect(await payOnce(tools, offer, quietly)).toMatchObject({ type: 'refused' })
  expect(await payOnce(tools, offer, quietly)).toMatchObject({ type: 'paid' })
  expect(calls.pay).toBe(2)
  expect(await journal.lastAttempt(ID)).toMatchObject({ number: 2 })
})

it('takes a wrong preimage for no proof: unknown, and never paid again', async () => {
  const { tools, calls } = walletThat(
    async () => ({ type: 'paid', preimage: WRONG, feesMsat: null }),
    () => ({ state: 'settled', preimage: WRONG, feesMsat: null }),
  )
  expect(await payOnce(tools, offer, quietly)).toMatchObject({ type: 'unknown' })
  expect(await lookUpPayment(tools, ID)).toMatchObject({ type: 'unknown' })
  await payOnce(tools, offer, quietly)
  expect(calls.pay).toBe(1)
})

it('learns by a look-up what the wallet did not say, and asks no more once it knows', async () => {
  const { tools, calls } = walletThat(
    async () => ({ type: 'unknown', reason: 'no answer' }),
    () => ({ state: 'settled', preimage: PREIMAGE, feesMsat: 300 as Msat }),
  )
  await payOnce(tools, offer, quietly)
  expect(await lookUpPayment(tools, ID)).toMatchObject({ type: 'paid', preimage: PREIMAGE, feesMsat: 300 })
  expect(await lookUpPayment({ ...tools, wallet: null }, ID)).toMatchObject({ type: 'paid', feesMsat: 300 })
  expect(calls).toEqual({ pay: 1, look: 1 })
})

it('does not take a failed payment in a look-up for leave to pay again', async () => {
  const { tools, calls } = walletThat(
    async () => ({ type: 'unknown', reason: 'no answer' }),
    () => ({ state: 'failed' }),
  )
  await payOnce(tools, offer, quietly)
  expect(await lookUpPayment(tools, ID)).toEqual({ type: 'failed' })
  await payOnce(tools, offer, quietly)
  expect(calls.pay).toBe(1)
})

it('looks before it pays an invoice that an earlier run had taken, whose payment no file tells of', async () => {
  const settled = { state: 'settled', preimage: PREIMAGE, feesMsat: null } as const
  const { tools, calls } = walletThat(paid, () => settled)
  expect(await payOnce(tools, { ...offer, pinnedBefore: true }, quietly)).toMatchObject({ type: 'paid' })
  expect(calls.pay).toBe(0)
  expect(await journal.lastAttempt(ID)).toMatchObject({ outcome: { type: 'paid', preimage: PREIMAGE } })
})

it('pays an invoice that an earlier run had taken where the wallet knows of no payment', async () => {
  const { tools, calls } = walletThat(paid, () => ({ state: 'not_found' }))
  expect(await payOnce(tools, { ...offer, pinnedBefore: true }, quietly)).toMatchObject({ type: 'paid' })
  expect(calls.pay).toBe(1)
})

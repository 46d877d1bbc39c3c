/** Does the wallet tell of every payment, first by itself and then when asked, at a cost that payments bound and open jobs do not? */
import { describe, expect, it } from 'vitest'
import type { SettledIncoming } from '../../../src/ports.js'
import { createMerchantWallet } from '../../../src/settlement/merchant-wallet.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createScriptedWallet } from '../../support/scripted-wallet.js'
import { createLogRecorder } from '../../support/store-parts.js'
import { createTargets, paymentHashOf, preimageOf, START_MS, targetNumber } from '../../support/watch-targets.js'

const SWEEP_MS = 30_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

function createTill(methods?: Parameters<typeof createScriptedWallet>[0]) {
  const [clock, wallet, targets] = [createFakeClock(START_MS), createScriptedWallet(methods), createTargets()]
  const till = createMerchantWallet({
    wallet,
    receivesFor: ({ upstream }) => upstream === 'api',
    ...{ targets, sweepMs: SWEEP_MS, clock, log: createLogRecorder() },
  })
  const watch = (number: number, changes: Parameters<typeof targetNumber>[1] = {}) =>
    till.watch(targetNumber(number, changes))
  const reported = () => targets.reports.map(({ paymentHash }) => paymentHash)
  return { clock, wallet, till, watch, reported }
}
const payment = (number: number, changes: Partial<SettledIncoming> = {}): SettledIncoming => ({
  paymentHash: paymentHashOf(number),
  preimage: preimageOf(number),
  amountMsat: 21_000 as never,
  settledAt: START_MS + 1_000,
  ...changes,
})

describe('a push', () => {
  it('is reported at once, without a call', () => {
    const { wallet, watch, reported } = createTill()
    watch(1)
    wallet.push(payment(1))
    expect([reported(), wallet.calls]).toEqual([[paymentHashOf(1)], []])
  })

  it.each([
    ['below the amount due', payment(1, { amountMsat: 20_999 as never })],
    ['long before the invoice was made', payment(1, { settledAt: START_MS - 120_001 })],
    ['for an invoice that nobody watches', payment(2)],
  ])('is not reported where it was settled %s', (_, settled) => {
    const { wallet, watch, reported } = createTill()
    watch(1)
    wallet.push(settled)
    expect(reported()).toEqual([])
  })

  it.each([
    ['above the amount due', payment(1, { amountMsat: 30_000 as never })],
    ['by a clock that is a little behind', payment(1, { settledAt: START_MS - 120_000 })],
    ['at a time that the wallet does not tell', payment(1, { settledAt: null })],
  ])('is reported where it was settled %s', (_, settled) => {
    const { wallet, watch, reported } = createTill()
    watch(1)
    wallet.push(settled)
    expect(reported()).toHaveLength(1)
  })

  it('is remembered, also for a job that comes later', () => {
    const { wallet, till } = createTill()
    wallet.push(payment(7))
    expect([till.isKnownSettled(paymentHashOf(7)), till.isKnownSettled(paymentHashOf(8))]).toEqual([true, false])
  })

  it('is not needed for what was paid while the wallet could not be used yet', async () => {
    const { clock, wallet, watch, reported } = createTill([])
    watch(1)
    await clock.advance(10 * SWEEP_MS)
    expect(wallet.calls).toEqual([])
    wallet.settledPayments.push(payment(1))
    for (const method of ['listIncoming', 'lookupInvoice'] as const) (wallet.methods as Set<string>).add(method)
    await clock.advance(2 * SWEEP_MS)
    expect(new Set(reported())).toEqual(new Set([paymentHashOf(1)]))
  })

  it('that may have been missed is made up for by a sweep at once', async () => {
    const { clock, wallet, watch, reported, till } = createTill()
    watch(1)
    await clock.advance(2 * SWEEP_MS)
    wallet.settledPayments.push(payment(1))
    expect(till.listeningSince()).toBeNull()
    wallet.gap()
    await clock.advance(0)
    expect([reported().length, till.listeningSince()]).toEqual([1, START_MS + 2 * SWEEP_MS])
  })
})

describe('a sweep', () => {
  it('costs one call for a thousand open jobs, and reaches back to the oldest of them', async () => {
    const { clock, wallet, watch } = createTill()
    for (let number = 0; number < 1_000; number += 1) watch(number, { issuedAt: START_MS - number * 1_000 })
    await clock.advance(10 * MINUTE_MS)
    expect(wallet.calls.length).toBeLessThanOrEqual(21)
    expect(new Set(wallet.calls)).toEqual(new Set([`listIncoming ${START_MS - 999_000 - 120_000}`]))
  })

  it('costs one call per page of payments', async () => {
    const { clock, wallet, watch, reported } = createTill()
    for (let number = 0; number < 1_000; number += 1) watch(number)
    for (let number = 0; number < 50; number += 1) wallet.settledPayments.push(payment(number))
    await clock.advance(1_000)
    expect([wallet.calls.length, reported().length]).toEqual([3, 50])
  })

  it('is not made where nobody waits', async () => {
    const { clock, wallet, watch, till } = createTill()
    watch(1)
    till.unwatch(paymentHashOf(1))
    await clock.advance(HOUR_MS)
    expect([wallet.calls.length, clock.timers()]).toEqual([0, 0])
  })

  it('that fails is made again, and nothing is forgotten meanwhile', async () => {
    const { clock, wallet, watch, reported } = createTill()
    watch(1)
    wallet.fault = new Error('away')
    await clock.advance(5 * MINUTE_MS)
    expect(wallet.calls.length).toBeGreaterThanOrEqual(10)
    wallet.fault = null
    wallet.settledPayments.push(payment(1))
    await clock.advance(SWEEP_MS)
    expect(reported()).toHaveLength(1)
  })

  it('for late payments is rare', async () => {
    const { clock, wallet, watch, reported } = createTill()
    watch(1, { pace: 'late' })
    await clock.advance(3 * HOUR_MS)
    expect(wallet.calls.length).toBeGreaterThanOrEqual(11)
    expect(wallet.calls.length).toBeLessThanOrEqual(13)
    wallet.settledPayments.push(payment(1, { settledAt: clock.now() }))
    await clock.advance(16 * MINUTE_MS)
    expect(reported()).toContain(paymentHashOf(1))
  })

  it.each([
    ['of another upstream', { upstream: 'other' }],
    ['that relies on others', { sources: ['statusEndpoint'] as const }],
    ['of which only a proof is expected', { pace: 'proofOnly' as const }],
  ])('is not made for a job %s', async (_, changes) => {
    const { clock, wallet, watch } = createTill()
    watch(1, changes)
    await clock.advance(HOUR_MS)
    expect(wallet.calls).toEqual([])
  })

  it('is not made after a stop, and pushes are heard no more', async () => {
    const { clock, wallet, watch, till } = createTill()
    watch(1)
    till.stop()
    await clock.advance(HOUR_MS)
    expect([wallet.calls.length, wallet.listens(), clock.timers()]).toEqual([0, false, 0])
  })
})

describe('a wallet that cannot list', () => {
  const lookable = () => createTill(['lookupInvoice'])
  const settledLook = (number: number) =>
    ({ ...payment(number), state: 'settled', preimage: preimageOf(number) }) as never

  it('is asked about twenty invoices a sweep, about each in its turn', async () => {
    const { clock, wallet, watch } = lookable()
    for (let number = 0; number < 50; number += 1) watch(number)
    await clock.advance(1_000 + 2 * SWEEP_MS)
    expect([wallet.calls.length, new Set(wallet.calls).size]).toEqual([60, 50])
  })

  it('tells of a payment', async () => {
    const { clock, wallet, watch, reported } = lookable()
    watch(1)
    wallet.looks.set(paymentHashOf(1), settledLook(1))
    await clock.advance(SWEEP_MS)
    expect(reported()).toEqual([paymentHashOf(1)])
  })

  it('that cannot answer about one invoice is still asked about the others', async () => {
    const { clock, wallet, watch, reported } = lookable()
    watch(1)
    watch(2)
    wallet.looks.set(paymentHashOf(1), new Error('nonsense'))
    wallet.looks.set(paymentHashOf(2), settledLook(2))
    await clock.advance(3 * SWEEP_MS)
    expect(reported()).toContain(paymentHashOf(2))
  })

  it('is asked about open invoices first: late ones do not crowd them out', async () => {
    const { clock, wallet, watch } = lookable()
    for (let number = 0; number < 200; number += 1) watch(number, { pace: 'late' })
    await clock.advance(MINUTE_MS)
    watch(999)
    const before = wallet.calls.length
    await clock.advance(2 * SWEEP_MS)
    expect(wallet.calls.slice(before)).toContain(`lookupInvoice ${paymentHashOf(999)}`)
  })
})

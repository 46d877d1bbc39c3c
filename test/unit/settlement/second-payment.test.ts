/** Is an invoice noticed that is paid beside a zap, until it can no longer be, and after a restart? */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { createSecondPayments } from '../../../src/settlement/second-payment.js'
import type { ResoldJob } from '../../../src/settlement/zap.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createScriptedWallet } from '../../support/scripted-wallet.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createLogRecorder } from '../../support/store-parts.js'

const MINUTE_MS = 60_000

function open(stored: readonly Job[] = []) {
  const clock = createFakeClock()
  const wallet = createScriptedWallet()
  const strays: Job[] = []
  const wiring = {
    wallets: new Map([['purse', wallet]]),
    store: { live: () => stored },
    clock,
    log: createLogRecorder(),
  }
  const second = createSecondPayments({ ...wiring, onStray: async (job) => void strays.push(job) })
  return { clock, wallet, strays, ...second }
}

function zapped(expiresAt: number): ResoldJob {
  const { hold: _, ...job } = jobIn('paying')
  const purchase = { ...job.offer.purchase, mode: 'resell' as const }
  return { ...job, offer: { ...job.offer, expiresAt, purchase }, payment: { source: 'zap', at: 1 } }
}

describe('an invoice beside a zap', () => {
  it.each(['in this run', 'after a restart'])(
    'that is paid, too, is given back, less its fees, once: %s',
    async (when) => {
      const job = zapped(createFakeClock().now() + 10 * MINUTE_MS)
      const world = open(when === 'after a restart' ? [job] : [])
      if (when === 'in this run') world.lookOut(job)
      await world.clock.advance(MINUTE_MS)
      expect(world.strays).toEqual([])
      const settled = { state: 'settled', preimage: null, amountMsat: 21_000 as Msat, settledAt: null } as const
      world.wallet.looks.set(job.offer.paymentHash, settled)
      await world.clock.advance(5 * MINUTE_MS)
      expect(world.strays).toMatchObject([{ state: 'refunding', refund: { amountMsat: 11_000, strayOf: job.id } }])
      expect(world.clock.timers()).toBe(0)
    },
  )

  it('is looked for until it can no longer be paid, also where the wallet fails at times', async () => {
    const job = zapped(createFakeClock().now() + 10 * MINUTE_MS)
    const world = open([job])
    world.wallet.fault = new Error('away')
    await world.clock.advance(30 * MINUTE_MS)
    expect(world.clock.timers()).toBe(1)
    world.wallet.fault = null
    await world.clock.advance(2 * MINUTE_MS)
    expect([world.clock.timers(), world.strays.length]).toEqual([0, 0])
  })
})

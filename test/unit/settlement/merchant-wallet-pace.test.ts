/** How soon is a wallet swept again? */
import { expect, it, vi } from 'vitest'
import type { EventId, PaymentHash, Pubkey } from '../../../src/core/identifiers.js'
import { msatFromSats } from '../../../src/core/money.js'
import type { IncomingPage, Wallet } from '../../../src/ports.js'
import { createMerchantWallet } from '../../../src/settlement/merchant-wallet.js'
import type { WatchTarget } from '../../../src/settlement/watch.js'
import { createMovedClock, createReadableLog } from '../../support/pool-fixture.js'
import { unsupportedBy } from '../../../src/wallets/unsupported.js'

const SWEEP_MS = 30_000
const EMPTY: IncomingPage = { settled: [], cursor: null }

/** A wallet with one open invoice that is being swept for the first time; the answer is up to the test. */
function createTill() {
  const clock = createMovedClock()
  const target: WatchTarget = {
    jobId: '11'.repeat(32) as EventId,
    customer: '22'.repeat(32) as Pubkey,
    upstream: 'api',
    paymentHash: '33'.repeat(32) as PaymentHash,
    amountMsat: msatFromSats(1),
    issuedAt: clock.now(),
    offeredAt: clock.now(),
    expiresAt: clock.now() + 3_600_000,
    statusUrl: null,
    sources: ['merchantWallet'],
    pace: 'open',
  }
  const refuse = async () => Promise.reject(new Error('not asked for'))
  const sweeps: { answer: (page: IncomingPage) => void; fail: (error: Error) => void }[] = []
  const wallet: Wallet = {
    ...unsupportedBy('till'),
    name: 'till',
    methods: new Set(['listIncoming', 'lookupInvoice']),
    start: async () => undefined,
    getInfo: refuse,
    lookupInvoice: refuse,
    lookupPayment: refuse,
    payInvoice: refuse,
    listIncoming: () => new Promise((answer, fail) => sweeps.push({ answer, fail })),
    onSettled: () => () => undefined,
    stop: async () => undefined,
  }
  const till = createMerchantWallet({
    wallet,
    receivesFor: () => true,
    targets: {
      byHash: () => target,
      byJob: () => target,
      all: () => [target],
      report: () => undefined,
      foundFor: () => undefined,
    },
    sweepMs: SWEEP_MS,
    clock,
    log: createReadableLog(),
  })
  till.watch(target)
  clock.advance(1_000)
  return { clock, sweeps, planned: () => vi.waitFor(() => expect(clock.waiting).toBe(1)) }
}

it('sweeps again after the usual time where the wallet did not answer', async () => {
  const { clock, sweeps, planned } = createTill()
  clock.advance(20_000)
  sweeps[0]?.fail(new Error('no answer in time'))
  await planned()
  clock.advance(SWEEP_MS)
  expect(sweeps).toHaveLength(2)
})

it('leaves a wallet that worked long on a sweep in peace for twenty times as long', async () => {
  const { clock, sweeps, planned } = createTill()
  clock.advance(5_000)
  sweeps[0]?.answer(EMPTY)
  await planned()
  clock.advance(99_000)
  expect(sweeps).toHaveLength(1)
  clock.advance(1_000)
  expect(sweeps).toHaveLength(2)
})

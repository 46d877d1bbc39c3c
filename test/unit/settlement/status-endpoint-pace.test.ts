/** How often is a status endpoint asked about an invoice that expired? */
import { expect, it } from 'vitest'
import { msatFromSats } from '../../../src/core/money.js'
import type { EventId, PaymentHash, Pubkey } from '../../../src/core/identifiers.js'
import { createRequestBudget } from '../../../src/settlement/request-budget.js'
import { createStatusEndpoint } from '../../../src/settlement/status-endpoint.js'
import type { WatchTarget } from '../../../src/settlement/watch.js'
import { createAgenda } from '../../crash/model/agenda.js'

const MINUTE_MS = 60_000
const TARGET: WatchTarget = {
  jobId: '11'.repeat(32) as EventId,
  customer: '22'.repeat(32) as Pubkey,
  upstream: 'api',
  paymentHash: '33'.repeat(32) as PaymentHash,
  amountMsat: msatFromSats(1),
  issuedAt: 0,
  offeredAt: 0,
  expiresAt: 0,
  statusUrl: '/status',
  sources: ['statusEndpoint'],
  pace: 'late',
}

it('asks soon after a start, and slowly from then on', async () => {
  const clock = createAgenda(0)
  const askedAt: number[] = []
  const ignore = () => undefined
  const endpoint = createStatusEndpoint({
    client: {
      name: 'api',
      send: async () => {
        askedAt.push(clock.now())
        return { type: 'response', status: 200, headers: {}, body: Buffer.from('{"paid":false}') }
      },
      sameOriginTarget: (reference) => reference,
      stop: async () => undefined,
    },
    targets: { byHash: ignore, byJob: ignore, all: () => [], report: ignore, foundFor: ignore },
    budget: createRequestBudget(10, clock),
    clock,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  })
  endpoint.watch(TARGET)
  while (clock.now() < 100 * MINUTE_MS) await clock.advance()
  endpoint.stop()
  const [first = Infinity, ...later] = askedAt
  expect(first).toBeLessThan(2_000)
  expect(later).toHaveLength(3)
  expect(later[0]).toBeGreaterThan(29 * MINUTE_MS)
})

/** Is the daemon ready only while it is proven to hear? */
import { expect, it } from 'vitest'
import type { Intake } from '../../../src/engine/intake.js'
import { createCensus } from '../../../src/engine/census.js'
import { statusOf } from '../../../src/engine/status.js'
import type { JobStore, RelayStatus, Signer } from '../../../src/ports.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createScriptedPool } from '../../support/scripted-pool.js'

const START_MS = 1_800_000_000_000
const READ = 'wss://read/'
const PROVEN: RelayStatus = {
  url: READ,
  connected: true,
  listening: 1,
  lastError: null,
  proof: 'echo',
  provenAt: START_MS,
}

async function statusAfter(ms: number, ...statuses: RelayStatus[]) {
  const clock = createFakeClock(START_MS)
  const relays = createScriptedPool()
  relays.statuses.push(...statuses)
  await clock.advance(ms)
  return statusOf({
    clock,
    relays,
    signer: { pubkey: 'ab'.repeat(32) } as Signer,
    store: { acceptsJobs: () => true } as JobStore,
    wallets: new Map(),
    intake: { counts: {} } as Intake,
    census: createCensus(),
    exposure: { losses: () => ({ count: 0, msat: 0 }) },
    settlements: { size: 0 },
    readBack: { counts: { found: 0, missing: 0 } },
    readRelays: [READ],
    proofLastsMs: 240_000,
    startedAt: START_MS,
  })
}

it('is ready where one read relay was proven within two periods, however weakly; its age is shown', async () => {
  expect(await statusAfter(240_000, PROVEN)).toMatchObject({ ready: true, relays: [{ proofAgeSeconds: 240 }] })
  expect(await statusAfter(5_000, { ...PROVEN, proof: 'eose' })).toMatchObject({
    ready: true,
    relays: [{ proof: 'eose' }],
  })
})

it.each<[string, number, RelayStatus[]]>([
  ['the proof is too old', 240_001, [PROVEN]],
  ['there is none', 0, [{ ...PROVEN, proof: null, provenAt: null }]],
  ['nobody listens any more', 0, [{ ...PROVEN, listening: 0 }]],
  ['only another relay is proven', 0, [{ ...PROVEN, url: 'wss://wallet/' }]],
  ['there is no relay', 0, []],
])('is not ready where %s', async (_what, ms, statuses) => {
  expect(await statusAfter(ms, ...statuses)).toMatchObject({ ready: false, reasons: ['no read relay delivers'] })
})

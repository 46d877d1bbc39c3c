/** `tollbridge demo`: one paid job from end to end in one terminal, over a real relay and real Lightning payments. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { createNdkSession } from '../customer/ndk-session.js'
import { createPaymentJournal } from '../customer/payment-journal.js'
import { requestJob } from '../customer/request-job.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import type { StoryLine } from '../customer/story.js'
import { loadConfig } from '../config/load.js'
import { msatFromSats } from '../core/money.js'
import { systemClock } from '../system/system-clock.js'
import { startDaemon } from '../daemon.js'
import type { PurseRequest } from '../dev/purse.js'
import { startDevWorld, type DevWorld } from '../dev/world.js'
import { createOwnPool } from '../dev/own-pool.js'
import { decodeInvoice } from '../l402/invoice.js'
import { createNwcWallet } from '../wallets/nwc.js'
import type { Pubkey } from '../core/identifiers.js'
import { createDemoStory } from './demo-story.js'
import { createLog, silentLog } from './log.js'
import type { Output } from './output.js'

const TIMEOUT_MS = 60_000
const MAX_SATS = 1000

/** `purse`: the API belongs to somebody else, and the daemon pays it. */
export async function demo(output: Output, purse: PurseRequest | null = null): Promise<number> {
  const startedAt = Date.now()
  const world = await startDevWorld(purse ? { purse } : {})
  const story = createDemoStory({ output, startedAt, world })
  const log = createLog('warn')
  try {
    const daemon = await startDaemon(await loadConfig(world.configFile), log)
    try {
      story.begin()
      const outcome = await hire(world, daemon.pubkey as Pubkey, story.tell)
      return story.end(outcome)
    } finally {
      await daemon.stop()
    }
  } finally {
    log.flush()
    await world.stop()
  }
}

/** A customer that has only its key and its wallet. */
async function hire(world: DevWorld, provider: Pubkey, tell: (line: StoryLine) => void): Promise<RequestOutcome> {
  const relayPool = createOwnPool()
  const session = await createNdkSession(randomBytes(32))
  const uri = (await readFile(world.customerWalletFile, 'utf8')).trim()
  const wallet = createNwcWallet({ name: 'customer', uri, relayPool, clock: systemClock, log: silentLog })
  try {
    await wallet.start()
    return await requestJob({
      job: {
        type: 'new',
        provider,
        relays: [world.relay.url],
        params: { method: 'GET', path: '/joke' },
        bidMsat: msatFromSats(MAX_SATS),
        proof: false,
      },
      session,
      relayPool,
      wallet,
      pay: true,
      rules: { network: 'regtest', maxMsat: msatFromSats(MAX_SATS), decodeInvoice },
      journal: createPaymentJournal(join(world.directory, 'requests')),
      clock: systemClock,
      timeoutMs: TIMEOUT_MS,
      proof: false,
      tell,
    })
  } finally {
    await wallet.stop()
    session.stop()
    await relayPool.stop()
  }
}

/** `tollbridge demo`: one paid job from end to end in one terminal, over a real relay and real Lightning payments. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { createNdkSession } from '../customer/ndk-session.js'
import { renderInvoiceQr } from '../customer/invoice-qr.js'
import { createPaymentJournal } from '../customer/payment-journal.js'
import { requestJob } from '../customer/request-job.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import type { StoryLine } from '../customer/story.js'
import { loadConfig } from '../config/load.js'
import { msatFromSats } from '../core/money.js'
import { systemClock } from '../system/system-clock.js'
import { startDaemon } from '../daemon.js'
import { startDevWorld, type DevWorld } from '../dev/world.js'
import { createOwnPool } from '../dev/own-pool.js'
import { decodeInvoice } from '../l402/invoice.js'
import { createNwcWallet } from '../wallets/nwc.js'
import type { Pubkey } from '../core/identifiers.js'
import { EXIT } from './exit-codes.js'
import { createLog, silentLog } from './log.js'
import type { Output } from './output.js'

const TIMEOUT_MS = 60_000
const MAX_SATS = 1000

export async function demo(output: Output): Promise<number> {
  const startedAt = Date.now()
  const story = createStory(output, startedAt)
  const world = await startDevWorld()
  if (world.lightning === 'simulated') {
    output.say('The package lightningdevkit is not installed, so the payment runs over a simulation of Lightning.')
  }
  const log = createLog('warn')
  try {
    const daemon = await startDaemon(await loadConfig(world.configFile), log)
    try {
      story.ready(world)
      world.merchant.onSettled(() => story.settled())
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

/** Tells the story as it happens, and keeps what the last line needs. */
function createStory(output: Output, startedAt: number) {
  let jobId: string | null = null
  let amountMsat: number | null = null
  let settledAt: number | null = null
  let resultAt: number | null = null

  const say = (text: string, at = Date.now()) => output.data(`${String(at - startedAt).padStart(6)} ms  ${text}`)

  function tell(line: StoryLine): void {
    output.object(line)
    switch (line.type) {
      case 'published':
        jobId = line.jobId
        return say(`job        ${line.jobId} (kind 5800, GET /joke) is on the relay`, line.at)
      case 'offered':
        amountMsat = line.amountMsat
        say(
          `challenge  the API asked for payment (402); the invoice came as kind 7000: ${(line.amountMsat ?? 0) / 1000} sats`,
          line.at,
        )
        output.data(`\n${line.bolt11 ?? ''}\n`)
        return output.data(line.bolt11 === null ? '' : renderInvoiceQr(line.bolt11))
      case 'paying':
        return say(`payment    the customer's wallet pays`, line.at)
      case 'paid':
        return say(`payment    the customer's wallet holds the preimage`, line.at)
      case 'processing':
        return say(`processing the daemon learned of it and calls the API with the credential`, line.at)
      case 'result':
        resultAt = line.at
        return say(`result     ${line.resultId} (kind 6800, HTTP ${line.httpStatus}, ${line.bytes} bytes)`, line.at)
      default:
        return
    }
  }

  return {
    tell,
    settled() {
      settledAt = Date.now()
      say(`settled    the API's Lightning node was paid`, settledAt)
    },
    ready(world: DevWorld) {
      const nodes = world.lightning === 'ldk' ? 'two LDK nodes with a channel on regtest' : 'a simulation of Lightning'
      output.object({ type: 'started', relay: world.relay.url, lightning: world.lightning, provider: world.npub })
      say(`started    a relay (${world.relay.url}), ${nodes}, an L402 gate before a small API, and the daemon`)
    },
    end(outcome: RequestOutcome): number {
      if (outcome.type !== 'result') {
        output.object({ type: 'failed', outcome: outcome.type })
        output.say(`the job did not complete: ${outcome.type}`)
        return EXIT.failed
      }
      const settleToResultMs = Math.max(0, (resultAt ?? 0) - (settledAt ?? 0))
      output.data(`\n${Buffer.from(outcome.body).toString('utf8')}\n`)
      say(`completed  ${(amountMsat ?? 0) / 1000} sats; ${settleToResultMs} ms from settlement to result`)
      output.object({ type: 'completed', jobId, resultId: outcome.resultId, amountMsat, settleToResultMs })
      return EXIT.ok
    },
  }
}

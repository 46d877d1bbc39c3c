/** What does a job cost at the very least? The signatures and hashes that no service provider can do without, timed alone. */
import { createHash, randomBytes } from 'node:crypto'
import * as secp256k1 from 'tiny-secp256k1'
import { msatFromSats } from '../../src/core/money.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { pubkeyOf, signEvent, verifyEvent } from '../../src/nostr/event.js'
import { buildPaymentRequired, buildProcessing } from '../../src/nostr/kinds/job-feedback.js'
import { buildJobResult } from '../../src/nostr/kinds/job-result.js'
import { ANSWER_BYTES, FREE_PATH, signJob } from './crowd.js'
import { medianOf } from './meter.js'
import type { Figures, Plan } from './plan.js'

const BATCHES = 5
const OUTPUT = {
  content: 'x'.repeat(ANSWER_BYTES),
  encoding: 'text',
  contentType: 'text/plain',
  httpStatus: 200,
} as const

export async function measureFloors({ floorRounds }: Plan): Promise<Figures> {
  const secretKey = randomBytes(32)
  const pubkey = pubkeyOf(secretKey)
  const job = signJob(pubkey, FREE_PATH, 0)
  const about = { jobId: job.id, customer: job.pubkey, relayHint: 'ws://127.0.0.1:7777/', createdAt: job.created_at }
  const amountMsat = msatFromSats(21)
  const request = JSON.stringify(job)
  const network = createSimulatedNetwork()
  const { bolt11 } = await network.createNode().makeInvoice({ amountMsat, description: '', expirySeconds: 3600 })
  network.stop()
  const result = buildJobResult({ ...about, jobKind: 5800, request, inputs: [], amountMsat, output: OUTPUT })
  const offer = buildPaymentRequired({ ...about, amountMsat, bolt11, expiresAt: job.created_at + 3600 })
  const processing = buildProcessing(about)
  const sign = (template: typeof result) => signEvent(template, secretKey, pubkey, randomBytes(32))

  const free = (): void => {
    if (!verifyEvent(job)) throw new Error('the job does not verify')
    sign(result)
  }
  const paid = (): void => {
    free()
    recoverPayee()
    sign(offer)
    sign(processing)
  }
  // BOLT11: the payee's key is recovered from a signature over the hash of about 200 bytes.
  const message = randomBytes(200)
  const hash = createHash('sha256').update(message).digest()
  const { signature, recoveryId } = secp256k1.signRecoverable(hash, secretKey)
  const recoverPayee = () =>
    secp256k1.recover(createHash('sha256').update(message).digest(), signature, recoveryId, true)

  return { floorFreeMs: timeAlone(free, floorRounds), floorPaidMs: timeAlone(paid, floorRounds) }
}

/** CPU milliseconds of one call: the median of several batches, after one to warm up. */
function timeAlone(run: () => void, rounds: number): number {
  const batch = (): number => {
    const before = process.cpuUsage()
    for (let round = 0; round < rounds; round += 1) run()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000 / rounds
  }
  batch()
  return medianOf(Array.from({ length: BATCHES }, batch))
}

/** What can a hostile relay do to jobs that pass it by? It may lie about itself, and about nobody else. */
import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { startBridge, type Bridge } from '../support/bridge.js'
import { POLITE, startScriptedRelay, type ScriptedRelay, type Script } from '../support/scripted-relay.js'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function openBeside(hostile: ScriptedRelay): Promise<Bridge> {
  stops.push(() => hostile.stop())
  const bridge = await startBridge({ relays: [hostile.url] })
  stops.push(() => bridge.stop())
  return bridge
}

interface Wanted {
  readonly kinds?: readonly number[]
  readonly authors?: readonly string[]
  readonly '#e'?: readonly string[]
}

/** To whoever asks what a key has said of a job: an answer that the key never gave. */
const IMPERSONATES: Script = (frame, send) => {
  const [label, subscription, filter] = frame as [string, string, Wanted | undefined]
  const [job] = filter?.['#e'] ?? []
  const [author] = filter?.authors ?? []
  if (label === 'REQ' && job && author) {
    const forged = { id: randomBytes(32).toString('hex'), pubkey: author, sig: randomBytes(64).toString('hex') }
    const about = { kind: 7000, created_at: Math.floor(Date.now() / 1000), tags: [['e', job]], content: '' }
    send(['EVENT', subscription, { ...forged, ...about }])
  }
  POLITE(frame, send)
}

it('a forged answer in our name does not make the daemon stand down', async () => {
  const { customer } = await openBeside(await startScriptedRelay({ script: IMPERSONATES }))
  const job = await customer.publishJob({ path: '/joke' })
  expect((await customer.offer(job.id)).amountMsat).toBeGreaterThan(0)
})

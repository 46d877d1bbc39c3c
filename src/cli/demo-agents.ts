/** `tollbridge demo --agents`: one agent finds another, hires it in gift wraps, pays it over Lightning and thanks it. Two processes. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { npubEncode } from 'nostr-tools/nip19'
import { loadConfig } from '../config/load.js'
import type { Pubkey } from '../core/identifiers.js'
import { startDaemon } from '../daemon.js'
import { createOwnPool } from '../dev/own-pool.js'
import { startDevWorld, type DevWorld } from '../dev/world.js'
import { pubkeyOf, signEvent } from '../nostr/event.js'
import { HANDLER_KIND } from '../nostr/kinds/announcement.js'
import { buildEndorsement } from '../nostr/kinds/attestation.js'
import { INBOX_LIST_KIND } from '../nostr/kinds/relay-list.js'
import { EXIT } from './exit-codes.js'
import { createLog } from './log.js'
import type { Output } from './output.js'

const TIMEOUT_S = 45
const ANNOUNCED_MS = 10_000
const LOOK_MS = 20
/** The gate's ceiling, and room for fees. */
const MAX_SATS = 1_100
const TASK = 'joke'

/** As `tollbridge hire --json` prints it. */
type Line = Readonly<Record<string, unknown>> & { readonly type: string }

export async function demoAgents(output: Output): Promise<number> {
  const startedAt = Date.now()
  const say = (text: string) => output.data(`${String(Date.now() - startedAt).padStart(6)} ms  ${text}`)
  const world = await startDevWorld()
  if (world.lightning === 'simulated') {
    output.say('The package lightningdevkit is not installed, so the payment runs over a simulation of Lightning.')
  }
  const log = createLog('warn')
  try {
    const daemon = await startDaemon(await loadConfig(world.configFile), log)
    try {
      const provider = daemon.pubkey as Pubkey
      say(
        `started    a relay (${world.relay.url}), Lightning (${world.lightning}), an L402 gate, and one agent's daemon`,
      )
      await untilAnnounced(world, provider)
      say(`announced  ${npubEncode(provider)} lists its tasks (kind 31990) and its inbox (kind 10050)`)
      const auditor = await vouchFor(provider, world)
      say(`vouched    ${npubEncode(auditor)} attests it (kind 31000); the other agent believes that key alone`)
      output.object({ type: 'started', relay: world.relay.url, lightning: world.lightning, provider, auditor })
      return await hireInAnotherProcess({ world, auditor, output, say })
    } finally {
      await daemon.stop()
    }
  } finally {
    log.flush()
    await world.stop()
  }
}

/** The other agent knows nothing but a relay, a task, and whom it believes. */
async function hireInAnotherProcess(scene: {
  readonly world: DevWorld
  readonly auditor: Pubkey
  readonly output: Output
  readonly say: (text: string) => void
}): Promise<number> {
  const { world, auditor, output, say } = scene
  const args = [
    ...['hire', '--json', '--task', TASK, '--param', 'method=GET', '--relay', world.relay.url, '--network', 'regtest'],
    ...['--max-sats', String(MAX_SATS), '--budget-sats', String(2 * MAX_SATS), '--trust-issuer', auditor],
    ...['--wallet-file', world.customerWalletFile, '--state', join(world.directory, 'hires')],
    ...['--timeout', String(TIMEOUT_S)],
  ]
  const bin = fileURLToPath(new URL('../../../bin/tollbridge.js', import.meta.url))
  const child = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? EXIT.failed)))
  let acknowledged: Line | null = null
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as Line
    if (line.type === 'acknowledged') acknowledged = line
    else output.object(line)
    const words = wordsOf(line)
    if (words !== null) say(words)
    if (line.type === 'ended' && typeof line['content'] === 'string') output.data(`\n${line['content']}\n`)
  }
  const code = await ended
  if (code !== EXIT.ok || acknowledged === null) {
    output.object({ type: 'failed', exitCode: code })
    output.say('the hire did not complete')
    return EXIT.failed
  }
  const { jobId, resultId, amountMsat } = acknowledged
  output.object({ type: 'acknowledged', jobId, resultId, amountMsat })
  return EXIT.ok
}

function wordsOf(line: Line): string | null {
  const { type } = line
  const sats = (field: string) => `${Number(line[field]) / 1000} sats`
  switch (type) {
    case 'chosen':
      return `chosen     ${String(line['reason'])}`
    case 'requested':
      return `hired      asks for "${TASK}" in a gift wrap (NIP-17), for at most ${sats('ceilingMsat')}`
    case 'accepted':
      return `agreed     the provider accepts for ${line['exact'] === true ? '' : 'at most '}${sats('priceMsat')}`
    case 'offered':
      return `invoice    it came sealed: ${sats('amountMsat')}`
    case 'paying':
      return 'payment    reserved in the budget, saved, and paid over NWC'
    case 'paid':
      return 'payment    the wallet holds the preimage'
    case 'result':
      return `result     sealed, ${Number(line['bytes'])} bytes, HTTP ${Number(line['httpStatus'])}`
    case 'acknowledged':
      return `thanked    the result is kept and acknowledged; ${sats('amountMsat')} in all`
    default:
      return null
  }
}

/** A third key, which the hirer was told to believe. */
async function vouchFor(provider: Pubkey, world: DevWorld): Promise<Pubkey> {
  const secretKey = randomBytes(32)
  const auditor = pubkeyOf(secretKey)
  const createdAt = Math.floor(Date.now() / 1000)
  const template = buildEndorsement({
    subject: provider,
    summary: 'Audited by the demo.',
    expiresAt: createdAt + 86_400,
    createdAt,
  })
  const pool = createOwnPool()
  await pool.publish(signEvent(template, secretKey, auditor, randomBytes(32)), world.relay.url)
  await pool.stop()
  return auditor
}

async function untilAnnounced({ relay }: DevWorld, provider: Pubkey): Promise<void> {
  const latest = Date.now() + ANNOUNCED_MS
  const isThere = (kind: number) =>
    [...relay.events()].some((event) => event.kind === kind && event.pubkey === provider)
  while (!isThere(HANDLER_KIND) || !isThere(INBOX_LIST_KIND)) {
    if (Date.now() > latest) throw new Error('the daemon did not announce itself')
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

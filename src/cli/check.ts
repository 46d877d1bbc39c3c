/** `tollbridge check`: will a job cross? Proves relays, wallets, the 402, its price and the settlement path before the first job. */
import { systemClock } from '../system/system-clock.js'
import { loadHandlers, openClient } from '../wiring/adapters.js'
import type { Config } from '../config/config.js'
import { TollbridgeError } from '../core/errors.js'
import type { EventTemplate } from '../core/event.js'
import { createRelayPool } from '../nostr/relay-pool.js'
import type { RelayPool, Signer, Wallet } from '../ports.js'
import { CHECK_KIND } from '../wiring/signing.js'
import { upstreamOf } from '../wiring/upstreams.js'
import { createWallets } from '../wiring/wallets.js'
import { checkBlobs } from './check-blobs.js'
import { checkInternetName, checkKey } from './check-key.js'
import { checkRoute, type RouteFinding } from './check-route.js'
import { checkUpstream } from './check-upstream.js'
import { checkWallet } from './check-wallet.js'
import { EXIT } from './exit-codes.js'
import type { Finding } from './finding.js'
import { createSayingLog, silentLog } from './log.js'
import type { Output } from './output.js'
import { tryHold } from './try-hold.js'

/** An event of ours that means nothing to others is dropped by relays after a minute (NIP-40). */
const PROBE_LIFETIME_S = 60
const READ_BACK_MS = 5_000

const WORDS = { ok: 'ok  ', failed: 'FAIL', skipped: 'SKIP', warning: 'WARN' } as const

/** `paths` are concrete paths to probe where a route is a pattern; `holds`: wallets that can hold payments make a hold invoice. Each probed route costs its upstream one unpaid invoice. */
export async function check(
  config: Config,
  paths: readonly string[],
  output: Output,
  { holds = false }: { readonly holds?: boolean } = {},
): Promise<number> {
  refuseIdlePaths(config, paths)
  const count = { ok: 0, failed: 0, skipped: 0, warning: 0 }
  const report = (finding: Finding): void => {
    const verdict = finding.warning === true ? 'warning' : finding.verdict
    count[verdict] += 1
    output.object(finding)
    output.data(`${WORDS[verdict]}  ${finding.type} ${finding.name}: ${finding.says}`)
  }
  const wallets = new Map<string, Wallet>()
  const handlers = await checkHandlers(config.handlers)
  if (config.handlers.length > 0) report(handlers.finding)
  const { signing, finding } = await checkKey(config, handlers.kinds, createSayingLog(output))
  report(finding)
  const signer = signing?.signer ?? null
  const named = signer && (await checkInternetName(config, signer.pubkey))
  if (named) report(named)
  const cursors = { cursor: () => undefined, putCursor: () => undefined }
  const authenticate = signer && { authenticate: (template: EventTemplate) => signer.sign(template) }
  const relays = createRelayPool({ clock: systemClock, log: silentLog, cursors, ...authenticate })
  try {
    const urls = [...new Set([...config.relays.read, ...config.relays.write])]
    for (const finding of await Promise.all(urls.map((url) => checkRelay(url, config, relays, signer)))) report(finding)
    for (const finding of await checkBlobs(config.blobs, signer)) report(finding)
    for (const [name, wallet] of createWallets(config, { relayPool: relays, clock: systemClock, log: silentLog })) {
      wallets.set(name, wallet)
      for (const finding of await checkWallet(name, wallet, config)) report(finding)
      const held = holds ? await tryHold(name, wallet) : null
      if (held) report(held)
    }
    for (const settings of config.upstreams) {
      const unedited = checkUpstream(settings)
      if (unedited) {
        report(unedited)
        continue
      }
      const client = openClient(settings)
      const upstream = upstreamOf(settings)
      const wallet = wallets.get(settings.merchantWallet ?? '') ?? null
      const purse = wallets.get(settings.wallet ?? '') ?? null
      try {
        for (const route of upstream.routes)
          report(asFinding(await checkRoute({ config, upstream, route, client, wallet, purse, paths })))
      } finally {
        await client.stop()
      }
    }
  } finally {
    for (const wallet of wallets.values()) await wallet.stop()
    await relays.stop()
    await signing?.stop()
  }
  const warned = count.warning === 0 ? '' : ` Warnings: ${count.warning}.`
  output.say(`${count.ok} proved, ${count.skipped} not probed, ${count.failed} to be put right first.${warned}`)
  return count.failed === 0 ? EXIT.ok : EXIT.notReady
}

const asFinding = (finding: RouteFinding): Finding => ({ type: 'route', ...finding })

/** Publishes where we write, and reads back where we read: an OK alone proves nothing. */
async function checkRelay(url: string, config: Config, relays: RelayPool, signer: Signer | null): Promise<Finding> {
  const finding = (ok: boolean, says: string): Finding => ({
    type: 'relay',
    name: url,
    verdict: ok ? 'ok' : 'failed',
    says,
  })
  const reads = config.relays.read.includes(url)
  if (signer === null || !config.relays.write.includes(url)) {
    const { answered } = await relays.fetch([url], { kinds: [CHECK_KIND], limit: 1 }, READ_BACK_MS)
    return finding(answered === 1, answered === 1 ? 'It answers requests.' : 'It does not answer a request.')
  }
  const now = Math.floor(Date.now() / 1000)
  const tags = [
    ['d', 'tollbridge-check'],
    ['expiration', String(now + PROBE_LIFETIME_S)],
  ]
  const probe = await signer.sign({ kind: CHECK_KIND, created_at: now, tags, content: '' })
  const verdict = await relays.publish(probe, url)
  if (verdict.type !== 'accepted') return finding(false, `It does not take our events: ${verdict.reason}`)
  if (!reads) return finding(true, 'It takes our events.')
  const { events } = await relays.fetch([url], { ids: [probe.id] }, READ_BACK_MS)
  const held = events.some(({ id }) => id === probe.id)
  return finding(
    held,
    held ? 'It takes our events and gives them back.' : 'It says OK to an event and does not give it back.',
  )
}

/** @throws TollbridgeError `usage` for a path that would be asked of nobody. */
function refuseIdlePaths(config: Config, paths: readonly string[]): void {
  const routes = config.upstreams.map(upstreamOf).flatMap(({ routes }) => routes)
  for (const path of paths) {
    if (routes.some(({ matches }) => matches(path))) continue
    throw new TollbridgeError(
      'usage',
      `--path ${path.slice(0, 200)} fits no route${path.startsWith('/') ? '' : ': it must begin with /'}`,
    )
  }
}

async function checkHandlers(files: readonly string[]): Promise<{ kinds: readonly number[]; finding: Finding }> {
  try {
    const kinds = [...(await loadHandlers(files)).keys()]
    const says = `They serve the kinds ${kinds.join(', ')}.`
    return { kinds, finding: { type: 'handlers', name: 'all', verdict: 'ok', says } }
  } catch (error) {
    const says = error instanceof Error ? error.message : 'They cannot be loaded.'
    return { kinds: [], finding: { type: 'handlers', name: 'all', verdict: 'failed', says } }
  }
}

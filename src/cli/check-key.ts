/** Can we sign, and does our name lead to us? Opens the signer as the daemon will, and lets it sign once. */
import { npubEncode } from 'nostr-tools/nip19'
import { systemClock } from '../system/system-clock.js'
import type { Config } from '../config/config.js'
import type { Pubkey } from '../core/identifiers.js'
import { verifyNip05 } from '../nostr/nip05.js'
import type { Logger } from '../ports.js'
import { CHECK_KIND, openSigning, type Signing } from '../wiring/signing.js'
import { createWebClient } from '../web/client.js'
import type { Finding } from './finding.js'

/** Null where nothing can be signed. What the signer asks its owner to do goes to the log. */
export async function checkKey(
  config: Config,
  jobKinds: readonly number[],
  log: Logger,
): Promise<{ readonly signing: Signing | null; readonly finding: Finding }> {
  const name = config.key.type === 'remote' ? 'remote signer' : 'of the daemon'
  let signing: Signing | null = null
  try {
    signing = await openSigning(config, { clock: systemClock, log, jobKinds })
    const { signer } = signing
    const now = Math.floor(systemClock.now() / 1000)
    await signer.sign({ kind: CHECK_KIND, created_at: now, tags: [['d', 'tollbridge-check']], content: '' })
    const where = config.key.type === 'remote' ? 'The remote signer answers, and signs' : 'It signs'
    const says = `${where} as ${npubEncode(signer.pubkey)}.`
    return { signing, finding: { type: 'key', name, verdict: 'ok', says } }
  } catch (error) {
    await signing?.stop()
    const says = `${error instanceof Error ? error.message : 'It cannot be used'}.`
    return { signing: null, finding: { type: 'key', name, verdict: 'failed', says } }
  }
}

/** Null where no name is configured. */
export async function checkInternetName(config: Config, pubkey: Pubkey): Promise<Finding | null> {
  const name = config.announce.nip05
  if (name === null) return null
  const web = createWebClient()
  try {
    const verdict = await verifyNip05(web, name, pubkey)
    const named = verdict.type === 'named'
    const says = named ? 'Its domain names this key.' : `Its domain does not name this key: ${verdict.reason}.`
    return { type: 'name', name, verdict: named ? 'ok' : 'failed', says }
  } finally {
    await web.stop()
  }
}

/** Can we sign? Opens the signer as the daemon will, and lets it sign once. */
import { npubEncode } from 'nostr-tools/nip19'
import { systemClock } from '../adapters.js'
import type { Config } from '../config/config.js'
import type { Logger } from '../ports.js'
import { CHECK_KIND, openSigning, type Signing } from '../signing.js'
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

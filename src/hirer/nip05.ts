/** Does this domain name that key? The domain's own word, fetched from it and from nowhere else (NIP-05). */
import type { Pubkey } from '../core/identifiers.js'
import type { WebClient } from '../ports.js'

const MOST_BYTES = 262_144
const TIMEOUT_MS = 5_000

/** False for whatever is not a clear yes. A redirect is none: it would let another answer in the domain's name (NIP-05 §Security). */
export async function isNamedBy(web: WebClient, address: string, pubkey: Pubkey): Promise<boolean> {
  const [name = '', domain = '', ...more] = address.toLowerCase().split('@')
  if (more.length > 0 || !/^[a-z0-9._-]+$/.test(name) || !/^[a-z0-9.-]+(:[0-9]{1,5})?$/.test(domain)) return false
  const url = `https://${domain}/.well-known/nostr.json?name=${encodeURIComponent(name)}`
  const outcome = await web.send({ method: 'GET', url, maxBytes: MOST_BYTES, timeoutMs: TIMEOUT_MS })
  if (outcome.type !== 'response' || outcome.status !== 200) return false
  try {
    const { names } = JSON.parse(Buffer.from(outcome.body).toString('utf8')) as { names?: Record<string, unknown> }
    return typeof names === 'object' && names !== null && Object.hasOwn(names, name) && names[name] === pubkey
  } catch {
    return false
  }
}

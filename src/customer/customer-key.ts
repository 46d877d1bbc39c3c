/** Whose key signs the customer's jobs? One given in a file, or one made once and kept, so that a job can be taken up again. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { decode } from 'nostr-tools/nip19'
import { TollbridgeError } from '../core/errors.js'
import { drawSecretKey, pubkeyOf } from '../nostr/event.js'
import { createPrivate, readIfThere, readSecretFile } from '../system/private-file.js'

const KEPT_KEY = 'customer.key'

/**
 * 32 bytes, checked. `keyFile` holds an nsec or hex with mode 0600; without it the state directory's own key is used or made.
 * @throws TollbridgeError `key-unusable`
 */
export async function loadCustomerKey(where: { keyFile: string | null; stateDir: string }): Promise<Uint8Array> {
  if (where.keyFile !== null) return secretKeyOf(await readSecretFile(where.keyFile), where.keyFile)
  const kept = join(where.stateDir, KEPT_KEY)
  if ((await readIfThere(kept)) === null) {
    // Of two first runs at once one creates the key and both use it.
    await createPrivate(kept, `${Buffer.from(drawSecretKey(randomBytes)).toString('hex')}\n`)
  }
  return secretKeyOf(await readSecretFile(kept), kept)
}

function isUsable(key: Uint8Array): boolean {
  try {
    pubkeyOf(key)
    return true
  } catch {
    return false // zero, or not below the order of the curve
  }
}

function secretKeyOf(text: string, path: string): Uint8Array {
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : keyOfNsec(text)
  if (key === null || !isUsable(key)) throw new TollbridgeError('key-unusable', `${path} holds no nsec and no hex key`)
  return key
}

function keyOfNsec(text: string): Uint8Array | null {
  try {
    const decoded = decode(text)
    return decoded.type === 'nsec' ? decoded.data : null
  } catch {
    return null
  }
}

/** How is a text sealed to one key? NIP-44 v2, and NIP-04 for whoever used it; shared keys are kept, since each costs a multiplication. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import * as nip44 from 'nostr-tools/nip44'
import type { EncryptionScheme } from '../core/arrival.js'
import type { Pubkey } from '../core/identifiers.js'
import { sharedSecret } from './event.js'

const KEPT_KEYS = 2_000

/** NIP-44 reaches further since 2026, but a peer that is not known may not: what is longer is not sealed in one piece. */
export const MAX_PLAINTEXT_BYTES = 65_535

export interface Encryption {
  encrypt(peer: Pubkey, plaintext: string, scheme?: EncryptionScheme): string
  /** @throws on a payload that is not ours or was tampered with. */
  decrypt(peer: Pubkey, payload: string, scheme?: EncryptionScheme): string
}

/** NIP-04 §Encrypted Direct Message ends with the initialisation vector; no NIP-44 payload holds a question mark. */
export const schemeOf = (payload: string): EncryptionScheme => (/\?iv=/.test(payload) ? 'nip04' : 'nip44')

/** NIP-44 §Encryption: hkdf-extract with the salt `nip44-v2` over the shared x coordinate. NIP-04 takes that coordinate itself. */
export function createEncryption(secretKey: Uint8Array): Encryption {
  const kept = new Map<string, Uint8Array>()
  const keyWith = (peer: Pubkey, scheme: EncryptionScheme): Uint8Array => {
    const name = scheme === 'nip44' ? peer : `${scheme} ${peer}`
    const known = kept.get(name)
    if (known) return known
    const secret = sharedSecret(secretKey, peer)
    const key = scheme === 'nip44' ? createHmac('sha256', 'nip44-v2').update(secret).digest() : secret
    const oldest = kept.keys().next()
    if (kept.size >= KEPT_KEYS && !oldest.done) kept.delete(oldest.value)
    kept.set(name, key)
    return key
  }
  return {
    encrypt: (peer, plaintext, scheme = 'nip44') => {
      const key = keyWith(peer, scheme)
      return scheme === 'nip44' ? nip44.encrypt(plaintext, key) : encryptNip04(plaintext, key)
    },
    decrypt: (peer, payload, scheme = 'nip44') => {
      const key = keyWith(peer, scheme)
      return scheme === 'nip44' ? nip44.decrypt(payload, key) : decryptNip04(payload, key)
    },
  }
}

function encryptNip04(plaintext: string, key: Uint8Array): string {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return `${sealed.toString('base64')}?iv=${iv.toString('base64')}`
}

function decryptNip04(payload: string, key: Uint8Array): string {
  const [sealed = '', iv = ''] = payload.split('?iv=')
  const decipher = createDecipheriv('aes-256-cbc', key, Buffer.from(iv, 'base64'))
  return Buffer.concat([decipher.update(sealed, 'base64'), decipher.final()]).toString('utf8')
}

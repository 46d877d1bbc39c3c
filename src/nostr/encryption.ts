/** How is a text sealed to one key? NIP-44 v2 with conversation keys kept, since each costs an elliptic-curve multiplication. */
import { createHmac } from 'node:crypto'
import * as nip44 from 'nostr-tools/nip44'
import type { Pubkey } from '../core/identifiers.js'
import { sharedSecret } from './event.js'

const KEPT_KEYS = 2_000

export interface Encryption {
  encrypt(peer: Pubkey, plaintext: string): string
  /** @throws on a payload that is not ours or was tampered with. */
  decrypt(peer: Pubkey, payload: string): string
}

/** NIP-44 §Encryption: hkdf-extract with the salt `nip44-v2` over the shared x coordinate. */
export function createEncryption(secretKey: Uint8Array): Encryption {
  const kept = new Map<Pubkey, Uint8Array>()
  const keyWith = (peer: Pubkey): Uint8Array => {
    const known = kept.get(peer)
    if (known) return known
    const key = createHmac('sha256', 'nip44-v2').update(sharedSecret(secretKey, peer)).digest()
    const oldest = kept.keys().next()
    if (kept.size >= KEPT_KEYS && !oldest.done) kept.delete(oldest.value)
    kept.set(peer, key)
    return key
  }
  return {
    encrypt: (peer, plaintext) => nip44.encrypt(plaintext, keyWith(peer)),
    decrypt: (peer, payload) => nip44.decrypt(payload, keyWith(peer)),
  }
}

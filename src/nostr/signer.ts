/** Who signs for us? A key in this process. */
import { randomBytes } from 'node:crypto'
import type { Signer } from '../ports.js'
import { createEncryption } from './encryption.js'
import { pubkeyOf, signEvent } from './event.js'

/** @throws RangeError where the 32 bytes are no valid secret key. */
export function createKeySigner(secretKey: Uint8Array): Signer {
  const pubkey = pubkeyOf(secretKey)
  const encryption = createEncryption(secretKey)
  return {
    pubkey,
    sign: async (template) => signEvent(template, secretKey, pubkey, randomBytes(32)),
    encrypt: async (peer, plaintext, scheme) => encryption.encrypt(peer, plaintext, scheme),
    decrypt: async (peer, payload, scheme) => encryption.decrypt(peer, payload, scheme),
  }
}

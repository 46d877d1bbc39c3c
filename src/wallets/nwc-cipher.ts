/** How are wallet messages sealed? NIP-44 where both sides know it, else NIP-04; both with the shared point computed once. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Pubkey } from '../core/identifiers.js'
import { createEncryption } from '../nostr/encryption.js'
import { sharedSecret } from '../nostr/event.js'

/** The names that NIP-47 gives to the two in the `encryption` tag. */
export type NwcEncryption = 'nip44_v2' | 'nip04'

export interface NwcCipher {
  encrypt(encryption: NwcEncryption, plaintext: string): string
  /** Tells the two apart by their shape. @throws on a payload that is neither or cannot be opened. */
  decrypt(payload: string): string
}

const NIP04_SEPARATOR = '?iv='

export function createNwcCipher(secretKey: Uint8Array, peer: Pubkey): NwcCipher {
  const nip44 = createEncryption(secretKey)
  let kept: Uint8Array | undefined
  const nip04Key = (): Uint8Array => (kept ??= sharedSecret(secretKey, peer))
  return {
    encrypt: (encryption, plaintext) =>
      encryption === 'nip44_v2' ? nip44.encrypt(peer, plaintext) : encryptNip04(nip04Key(), plaintext),
    decrypt(payload) {
      const separator = payload.lastIndexOf(NIP04_SEPARATOR)
      if (separator < 0) return nip44.decrypt(peer, payload)
      const iv = payload.slice(separator + NIP04_SEPARATOR.length)
      return decryptNip04(nip04Key(), payload.slice(0, separator), iv)
    },
  }
}

/** NIP-04: AES-256-CBC under the x coordinate itself. */
function encryptNip04(key: Uint8Array, plaintext: string): string {
  const iv = randomBytes(16)
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const content = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
  return `${content.toString('base64')}?iv=${iv.toString('base64')}`
}

function decryptNip04(key: Uint8Array, content: string, iv: string): string {
  const decipher = createDecipheriv('aes-256-cbc', key, Buffer.from(iv, 'base64'))
  return Buffer.concat([decipher.update(Buffer.from(content, 'base64')), decipher.final()]).toString('utf8')
}

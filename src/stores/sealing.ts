/** How do secrets lie on disk? Sealed with AES-256-GCM, each bound to the record it belongs to. */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import { TollbridgeError } from '../core/errors.js'

export interface Sealing {
  /** Returns base64. `owner` names the record: what was sealed for one opens for no other. */
  seal(plaintext: string, owner: string): string
  /** @throws where the key is another, the owner is another, or a bit was changed. */
  unseal(sealed: string, owner: string): string
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const PREFIX_BYTES = 8

/** @throws TollbridgeError `key-unusable` unless the key has 32 bytes. */
export function createSealing(key: Uint8Array, random: (bytes: number) => Uint8Array): Sealing {
  if (key.length !== 32) throw new TollbridgeError('key-unusable', 'the sealing key must have 32 bytes')
  const secret = createSecretKey(key)
  const nonce = Buffer.alloc(NONCE_BYTES)
  // Nonces must never repeat under one key. A random prefix per run and a counter keep that up for more messages than random
  // nonces would, and ask for randomness once in four thousand million.
  let counter = 0xffff_ffff

  const nextNonce = (): Buffer => {
    if (counter === 0xffff_ffff) {
      nonce.set(random(PREFIX_BYTES))
      counter = 0
    }
    nonce.writeUInt32BE(counter++, PREFIX_BYTES)
    return nonce
  }

  return {
    seal(plaintext, owner) {
      const iv = nextNonce()
      const cipher = createCipheriv('aes-256-gcm', secret, iv)
      cipher.setAAD(Buffer.from(owner))
      const body = cipher.update(plaintext, 'utf8')
      cipher.final()
      return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64')
    },
    unseal(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new RangeError('too short to be sealed')
      const decipher = createDecipheriv('aes-256-gcm', secret, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(owner))
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
      const text = decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8')
      return text + decipher.final('utf8')
    },
  }
}

const CHECK = 'tollbridge sealing key'

/** A token that only the key which made it can confirm: tells a wrong key from a damaged file. */
export const buildKeyCheck = (sealing: Sealing): string => sealing.seal(CHECK, CHECK)

export function isKeyOf(sealing: Sealing, check: string): boolean {
  try {
    return sealing.unseal(check, CHECK) === CHECK
  } catch {
    return false // GCM says no more than: not this key
  }
}

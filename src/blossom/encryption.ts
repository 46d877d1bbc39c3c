/** How is content made unreadable to the server that keeps it? AES-256-GCM under a key used once; what comes back must hash to the pointer. */
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import type { BlobPointer } from '../core/blob.js'
import { malformed, type Malformed } from '../core/identifiers.js'

export const KEY_BYTES = 32
export const NONCE_BYTES = 12
/** At the end of the blob, as WebCrypto has it. */
const TAG_BYTES = 16

export interface EncryptedBlob {
  readonly blob: Uint8Array
  readonly pointer: Omit<BlobPointer, 'urls' | 'contentType'>
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** Bytes of the blob that holds so many bytes of content. */
export const blobBytesOf = (contentBytes: number): number => contentBytes + TAG_BYTES

export function encryptBlob(content: Uint8Array, random: (bytes: number) => Uint8Array): EncryptedBlob {
  const [key, nonce] = [Buffer.from(random(KEY_BYTES)), Buffer.from(random(NONCE_BYTES))]
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  const blob = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()])
  const [x, ox] = [sha256(blob), sha256(content)]
  return { blob, pointer: { size: blob.length, x, ox, key: key.toString('hex'), nonce: nonce.toString('hex') } }
}

/** Whether these are the bytes that the pointer names. */
export const isBlobOf = (bytes: Uint8Array, { size, x }: Pick<BlobPointer, 'size' | 'x'>): boolean =>
  bytes.length === size && sha256(bytes) === x

/** The content, or why it is not what the pointer promises. Expects a blob that `isBlobOf`. */
export function decryptBlob(blob: Uint8Array, { key, nonce, ox }: BlobPointer): Uint8Array | Malformed {
  if (blob.length < TAG_BYTES) return malformed('the blob is too short to be encrypted')
  const split = blob.length - TAG_BYTES
  try {
    const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), Buffer.from(nonce, 'hex'), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAuthTag(blob.subarray(split))
    const content = Buffer.concat([decipher.update(blob.subarray(0, split)), decipher.final()])
    return sha256(content) === ox ? content : malformed('the content of the blob is not what was promised')
  } catch {
    return malformed('the key does not open the blob') // GCM says no more
  }
}

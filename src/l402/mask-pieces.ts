/** How is a credential struck out of an answer that is passed on in pieces? Like out of a whole one, wherever it was cut. */
import { spellingsOf, withoutCredential } from './credential.js'

/** Bytes at the end that may be the beginning of what must not be said are kept until the next piece tells. */
export function maskPieces(authorization: string, onPiece: (piece: Uint8Array) => void): (piece: Uint8Array) => void {
  const secrets = spellingsOf(authorization).map((text) => Buffer.from(text))
  let kept: Uint8Array = new Uint8Array()
  return (piece) => {
    const bytes = Buffer.from(withoutCredential(Buffer.concat([kept, piece]), authorization))
    const split = bytes.length - Math.max(0, ...secrets.map((secret) => begun(bytes, secret)))
    kept = bytes.subarray(split)
    if (split > 0) onPiece(bytes.subarray(0, split))
  }
}

/** How many of the last bytes are the first of the secret. */
function begun(bytes: Buffer, secret: Buffer): number {
  for (let length = Math.min(bytes.length, secret.length - 1); length > 0; length -= 1) {
    if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) return length
  }
  return 0
}

/** Which key seals tokens and preimages at rest? One derived from the secret key, so that there is one secret to back up. */
import { hkdfSync } from 'node:crypto'

/** Changing it makes every saved token and preimage unreadable. */
const LABEL = 'tollbridge sealing key v1'

/** HKDF-SHA256 (RFC 5869) without salt; 32 bytes. The same for the same secret key, for ever. */
export const sealingKeyOf = (secretKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secretKey, new Uint8Array(0), LABEL, 32))

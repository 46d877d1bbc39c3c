/** What do we know of the remote signer from earlier runs? Our own key towards it, whose key it holds, and where it is. */
import { join } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import { isMalformed, parsePubkey, type Pubkey } from '../core/identifiers.js'
import { createPrivate, readIfThere, readSecretFile, writePrivate } from '../system/private-file.js'

export const SIGNER_FILE = 'signer.json'

/** All that a connection needs, but for its first secret. */
export interface SignerRecord {
  readonly signer: Pubkey
  /** 32 bytes. A secret: whoever has it may ask what we may ask. */
  readonly clientKey: Uint8Array
  /** Null before the signer has answered for the first time. */
  readonly known: { readonly pubkey: Pubkey; readonly relays: readonly string[] } | null
}

/**
 * The record of that signer, made with `newKey` where there is none. Of two processes at once both get the same.
 * @throws TollbridgeError `key-unusable`
 */
export async function loadSignerRecord(
  directory: string,
  signer: Pubkey,
  newKey: () => Uint8Array,
): Promise<SignerRecord> {
  const path = join(directory, SIGNER_FILE)
  const fresh = { signer, clientKey: newKey(), known: null }
  if ((await readIfThere(path)) === null) await createPrivate(path, serialise(fresh))
  const record = parse(await readSecretFile(path), path)
  if (record.signer === signer) return record
  // The operator named another signer, which does not know the old key.
  await writePrivate(path, serialise(fresh))
  return fresh
}

export const saveSignerRecord = (directory: string, record: SignerRecord): Promise<void> =>
  writePrivate(join(directory, SIGNER_FILE), serialise(record))

const serialise = ({ clientKey, ...record }: SignerRecord): string =>
  `${JSON.stringify({ ...record, clientKey: Buffer.from(clientKey).toString('hex') })}\n`

function parse(text: string, path: string): SignerRecord {
  const unusable = new TollbridgeError('key-unusable', `${path} is damaged: restore it, or connect the signer anew`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw unusable
  }
  const { signer, clientKey, known } = (value ?? {}) as Record<string, unknown>
  const parsed = parsePubkey(signer)
  if (isMalformed(parsed) || typeof clientKey !== 'string' || !/^[0-9a-f]{64}$/.test(clientKey)) throw unusable
  const key = Uint8Array.from(Buffer.from(clientKey, 'hex'))
  const { pubkey, relays } = (known ?? {}) as Record<string, unknown>
  const self = parsePubkey(pubkey)
  const urls = Array.isArray(relays) ? relays.filter((url) => typeof url === 'string') : []
  return {
    signer: parsed,
    clientKey: key,
    known: isMalformed(self) || urls.length === 0 ? null : { pubkey: self, relays: urls },
  }
}

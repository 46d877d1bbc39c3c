/** Which key seals the state, where none can be derived? One of the state directory's own, made once and kept beside it. */
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import { createPrivate, readIfThere, readSecretFile } from '../system/private-file.js'
import { SNAPSHOT } from './state-files.js'

export const STATE_KEY_FILE = 'sealing.key'

/** 32 bytes, or null where the directory has no key of its own. @throws TollbridgeError `key-unusable` */
export async function readStateKey(directory: string): Promise<Uint8Array | null> {
  const path = join(directory, STATE_KEY_FILE)
  if ((await readIfThere(path)) === null) return null
  const text = await readSecretFile(path)
  if (/^[0-9a-f]{64}$/.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'))
  throw new TollbridgeError('key-unusable', `${path} holds no sealing key: 64 hex digits`)
}

/** As `readStateKey`, and makes the key of a state that is new. @throws TollbridgeError `key-unusable` where it was lost. */
export async function loadStateKey(directory: string): Promise<Uint8Array> {
  const kept = await readStateKey(directory)
  if (kept) return kept
  const names = await readdir(directory).catch(() => [])
  if (names.some((name) => name === SNAPSHOT || name.startsWith('journal-'))) {
    throw new TollbridgeError(
      'key-unusable',
      `${join(directory, STATE_KEY_FILE)} is missing, and the jobs in ${directory} are sealed with another key: put the file back, ` +
        'or start with the key file that they were written with',
    )
  }
  await createPrivate(join(directory, STATE_KEY_FILE), `${randomBytes(32).toString('hex')}\n`)
  return loadStateKey(directory)
}

/** May this directory hold secrets? It is ours alone: mode 0700, made or corrected here, or refused. */
import { chmod, stat } from 'node:fs/promises'
import { TollbridgeError } from '../core/errors.js'
import { makeDirectory } from '../system/make-directory.js'
import type { Logger } from '../ports.js'

/** @throws TollbridgeError `config-invalid` where others can read the directory and we may not change that. */
export async function prepareDirectory(path: string, log?: Logger): Promise<void> {
  await makeDirectory(path, 0o700)
  const found = await stat(path)
  if (!found.isDirectory()) throw new TollbridgeError('config-invalid', `${path} is not a directory`)
  const mode = found.mode & 0o777
  if ((mode & 0o077) === 0) return
  try {
    await chmod(path, 0o700)
  } catch (cause) {
    const message = `others can read the state directory ${path} (mode ${mode.toString(8)}); run: chmod 700 ${path}`
    throw new TollbridgeError('config-invalid', message, { cause })
  }
  log?.warn({ path, was: mode.toString(8) }, 'state-directory-closed-to-others')
}

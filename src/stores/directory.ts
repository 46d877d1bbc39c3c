/** May this directory hold secrets? It is ours alone: mode 0700, made or corrected here, or refused. */
import { chmod, mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
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

/**
 * Makes the directory and what is missing above it. One by one: where a parent exists and takes no directories, as in /proc, the
 * recursive mkdir of Node never returns. @throws the system's error.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const target = resolve(path)
  try {
    await mkdir(target, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(target)).isDirectory()) return
    const parent = dirname(target)
    const parentMissing = code === 'ENOENT' && parent !== target && !(await exists(parent))
    if (!parentMissing) throw error
    await makeDirectory(parent, mode)
    await mkdir(target, { mode })
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

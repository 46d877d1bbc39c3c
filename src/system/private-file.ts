/** How is something written that a crash may not halve and a neighbour may not read? Whole, synced, and for its owner only. */
import { randomBytes } from 'node:crypto'
import { link, open, readFile, rename, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import { makeDirectory } from './make-directory.js'

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined)

/** Replaces the file. Durable when resolved; a crash leaves the old content or the new. */
export async function writePrivate(path: string, content: string): Promise<void> {
  const draft = await writeDraft(path, content)
  await rename(draft, path)
  await syncDirectory(dirname(path))
}

/** Creates the file whole, or says that it is there already: of several processes exactly one gets `created`. */
export async function createPrivate(path: string, content: string): Promise<'created' | 'exists'> {
  const draft = await writeDraft(path, content)
  try {
    await link(draft, path)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return 'exists'
    throw error
  } finally {
    await unlink(draft)
  }
  await syncDirectory(dirname(path))
  return 'created'
}

async function writeDraft(path: string, content: string): Promise<string> {
  await makeDirectory(dirname(path), 0o700)
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`
  const file = await open(draft, 'wx', 0o600)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  return draft
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** The content, or null where there is no such file. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw error
  }
}

/** Reads a file that holds a secret. @throws TollbridgeError `key-unusable` where it is missing or others can read it. */
export async function readSecretFile(path: string): Promise<string> {
  const seen = await stat(path).catch((error: unknown) => {
    throw new TollbridgeError('key-unusable', `${path} cannot be read`, { cause: error })
  })
  if ((seen.mode & 0o077) !== 0) {
    throw new TollbridgeError('key-unusable', `${path} can be read by others; run: chmod 600 ${path}`)
  }
  return (await readFile(path, 'utf8')).trim()
}

/** Where may a secret turn up? Everything that a daemon leaves behind or says aloud, gathered to be searched. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The content of every file below a directory, by path. */
export async function filesBelow(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path, await readFile(path))
  }
  return files
}

/** The forms in which the same secret could be written down. */
export function formsOf(secret: string): Buffer[] {
  const forms = [Buffer.from(secret)]
  if (/^([0-9a-f]{2})+$/.test(secret)) {
    const bytes = Buffer.from(secret, 'hex')
    forms.push(
      bytes,
      Buffer.from(bytes.toString('base64').replace(/=+$/, '')),
      Buffer.from(bytes.toString('base64url')),
    )
    forms.push(Buffer.from(secret.toUpperCase()))
  }
  // Whatever is in base64 may have been taken apart from its padding.
  if (secret.endsWith('=')) forms.push(Buffer.from(secret.replace(/=+$/, '')))
  return forms
}

/** Names of the secrets that are found in a place, whichever form they have there. */
export function foundIn(place: string | Buffer, secrets: ReadonlyMap<string, string>): string[] {
  const bytes = typeof place === 'string' ? Buffer.from(place) : place
  return [...secrets].flatMap(([name, secret]) => (formsOf(secret).some((form) => bytes.includes(form)) ? name : []))
}

/** How does an operator begin? Writes a commented configuration and a new key, and never touches what is there. */
import { randomBytes } from 'node:crypto'
import { lstat, open, unlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { npubEncode, nsecEncode } from 'nostr-tools/nip19'
import { buildExample } from '../config/example.js'
import { TollbridgeError } from '../core/errors.js'
import type { Pubkey } from '../core/identifiers.js'
import { drawSecretKey, pubkeyOf } from '../nostr/event.js'
import { lockKey } from '../nostr/key-text.js'
import type { DescribedService } from '../l402/described-service.js'
import { readSecretFile } from '../system/private-file.js'
import { makeDirectory } from '../system/make-directory.js'
import { settingsFor } from './upstream-settings.js'

export interface Initialised {
  readonly configFile: string
  readonly keyFile: string
  readonly stateDirectory: string
  readonly pubkey: Pubkey
  readonly npub: string
  /** Sentences for the operator, in order. */
  readonly nextSteps: readonly string[]
}

/**
 * With a password file the key is written locked (NIP-49); with a service the configuration is filled in for its API. Creates the directory where it is missing. Nothing is changed where either file exists.
 * @throws TollbridgeError `usage` where a file exists or the directory cannot be written.
 */
export async function init(
  directory: string,
  passwordFile: string | null = null,
  service: DescribedService | null = null,
): Promise<Initialised> {
  const root = resolve(directory)
  const configFile = join(root, 'tollbridge.yaml')
  const keyFile = join(root, 'tollbridge.key')
  const stateDirectory = join(root, 'state')
  for (const path of [configFile, keyFile]) {
    if (await exists(path)) throw alreadyThere(path)
  }
  const password = passwordFile === null ? null : await readSecretFile(resolve(passwordFile))
  const secretKey = drawSecretKey(randomBytes)
  const pubkey = pubkeyOf(secretKey)
  const npub = npubEncode(pubkey)
  try {
    await makeDirectory(root, 0o755)
    const written = password === null ? nsecEncode(secretKey) : lockKey(secretKey, password)
    await writeNew(keyFile, `${written}\n`, 0o600)
    const first = service === null ? { npub } : { npub, upstream: settingsFor(service) }
    await writeNew(configFile, withPassword(buildExample(first), passwordFile), 0o644).catch(async (error: unknown) => {
      await unlink(keyFile) // ours, made a moment ago: a key without its configuration would block the next try
      throw error
    })
    await makeDirectory(stateDirectory, 0o700)
  } catch (error) {
    throw readable(error)
  }
  const steps = [...(service?.notes ?? []), ...nextSteps(configFile, keyFile, service !== null)]
  return { configFile, keyFile, stateDirectory, pubkey, npub, nextSteps: steps }
}

/** The setting stands in the example as a comment, which is taken away. */
const withPassword = (example: string, file: string | null): string =>
  file === null
    ? example
    : example.replace(/^#keyPassword:.*$/m, `keyPassword: ${JSON.stringify({ file: resolve(file) })}`)

/** lstat: a dangling link is there too. */
const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw readable(error)
    },
  )

/** Fails where the path exists. On the disk when resolved: an announced key that a power cut takes back is lost for good. */
async function writeNew(path: string, content: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
}

const alreadyThere = (path: string): TollbridgeError =>
  new TollbridgeError(
    'usage',
    `${path} already exists; nothing was changed. Choose another directory, or move it away.`,
  )

function readable(error: unknown): unknown {
  const { code, path } = error as NodeJS.ErrnoException
  if (code === undefined || path === undefined) return error
  if (code === 'EEXIST') return alreadyThere(path)
  return new TollbridgeError('usage', `${path} cannot be written (${code}).`, { cause: error })
}

const nextSteps = (configFile: string, keyFile: string, isFilled: boolean): readonly string[] => [
  `Keep a copy of ${keyFile}: it is the identity of the service, and opens its saved jobs.`,
  isFilled
    ? `Read ${configFile}: the routes and prices in it are what the API says of itself; set your relays.`
    : `Edit ${configFile}: the origin of your API, its routes with their highest price, and your relays.`,
  `Name the wallet that receives the payments, unless the API has a status endpoint: see wallets in that file.`,
  `Try it: tollbridge check -c ${configFile}`,
  `Run it: tollbridge run -c ${configFile}`,
]

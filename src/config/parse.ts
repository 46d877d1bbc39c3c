/** Is this text a configuration? All that is wrong with it is told at once. */
import { resolve, dirname } from 'node:path'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { pubkeyOf } from '../nostr/event.js'
import { resolveConfig, type Config, type Secrets } from './config.js'
import { parseDocument, type DocumentProblem } from './document.js'
import { formatPath, type Path } from './json-schema.js'
import { explainIssues, MOST_PROBLEMS, printable, unknownSetting, type Problem } from './problems.js'
import { checkRules } from './rules.js'
import { SETTINGS, type Settings } from './schema.js'
import { parseKeySource, parseWalletSecret, type SecretReader } from './secrets.js'

/** What a configuration refers to. Tests pass their own. */
export interface Surroundings {
  /** Path of the configuration file: paths in it count from its directory. */
  readonly file: string
  readonly readSecret: SecretReader
  readonly isFile: (path: string) => boolean
}

/** The control socket stands in the state directory, and a socket's path has at most 107 bytes (unix(7)). */
const LONGEST_STATE_DIRECTORY = 90

/** Does nothing but ask its surroundings. `malformed` is one sentence a line, each beginning with the file and the line. */
export function parseConfig(text: string, surroundings: Surroundings): Config | Malformed {
  const document = parseDocument(text)
  if ('problems' in document) return tell(document.problems, surroundings.file)
  const { value, lines } = document
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return tell(
      [{ line: 1, sentence: 'the configuration must be a group of settings (name: value)' }],
      surroundings.file,
    )
  }
  const present = (path: Path) => valueAt(value, path) !== undefined
  const { settings, problems } = readSettings(value as Readonly<Record<string, unknown>>, present)
  problems.push(...checkRules(settings), ...checkSurroundings(settings, surroundings))
  const secrets = readSecrets(settings, surroundings.readSecret, problems)
  if (problems.length === 0 && secrets) return resolveConfig(settings as Settings, secrets, surroundings.file)
  const told = problems.map(({ path, message }) => ({
    line: lineOf(lines, path),
    sentence: `${formatPath(path)} ${message}`,
  }))
  told.sort((a, b) => a.line - b.line)
  return tell(told, surroundings.file)
}

/** The state directory alone, absolute: for commands that read the state and need no secret. */
export function parseStateDirectory(text: string, file: string): string | Malformed {
  const document = parseDocument(text)
  if ('problems' in document) return tell(document.problems, file)
  const { value } = document
  const written =
    typeof value === 'object' && value !== null ? (value as { stateDirectory?: unknown }).stateDirectory : null
  const parsed = SETTINGS.stateDirectory.safeParse(written ?? undefined)
  if (parsed.success) return resolve(dirname(resolve(file)), parsed.data)
  return malformed(`${file}: stateDirectory must be a path.`)
}

/** One sentence a line, as compilers do it, so that editors can jump there. */
function tell(problems: readonly DocumentProblem[], file: string): Malformed {
  const sentences = problems.slice(0, 2 * MOST_PROBLEMS).map(({ line, sentence }) => {
    const place = line === null ? file : `${file}:${line}`
    return `${place}: ${printable(sentence)}${sentence.endsWith('?') ? '' : '.'}`
  })
  const told = [...new Set(sentences)]
  const more = told.length > MOST_PROBLEMS ? [`${file}: there is more, to be told when these are mended.`] : []
  return malformed([...told.slice(0, MOST_PROBLEMS), ...more].join('\n'))
}

/** Group by group, so that a fault in one does not hide those of the others. */
function readSettings(value: Readonly<Record<string, unknown>>, present: (path: Path) => boolean) {
  const problems: Problem[] = []
  const settings: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(SETTINGS)) {
    const result = schema.safeParse(value[name])
    if (result.success) settings[name] = result.data
    else problems.push(...explainIssues(result.error.issues, [name], present))
  }
  const unknown = Object.keys(value).filter((key) => !Object.hasOwn(SETTINGS, key))
  for (const key of unknown.slice(0, MOST_PROBLEMS + 1)) {
    problems.push({ path: [key], message: unknownSetting([], key) })
  }
  return { settings: settings as Partial<Settings>, problems }
}

function checkSurroundings(settings: Partial<Settings>, { file, isFile }: Surroundings): Problem[] {
  const directory = dirname(resolve(file))
  const problems: Problem[] = []
  const state = resolve(directory, settings.stateDirectory ?? '.')
  if (settings.stateDirectory !== undefined && Buffer.byteLength(state) > LONGEST_STATE_DIRECTORY) {
    const message = `is ${state}, too long for the control socket in it: use a path of at most ${LONGEST_STATE_DIRECTORY} bytes`
    problems.push({ path: ['stateDirectory'], message })
  }
  for (const [index, path] of (settings.handlers ?? []).entries()) {
    const absolute = resolve(directory, path)
    if (!isFile(absolute))
      problems.push({ path: ['handlers', index], message: `names ${absolute}, which is not a file` })
  }
  return problems
}

function readSecrets(settings: Partial<Settings>, readSecret: SecretReader, problems: Problem[]): Secrets | null {
  const walletSecrets = readWalletSecrets(settings.wallets ?? {}, readSecret, problems)
  if (!settings.key) return null
  const secret = readSecret(settings.key)
  let path = 'key'
  const password = (): string | Malformed => {
    if (!settings.keyPassword)
      return malformed('holds an ncryptsec, which needs its password: say in keyPassword where it is kept')
    const read = readSecret(settings.keyPassword)
    if (isMalformed(read)) path = 'keyPassword'
    return read
  }
  const key = isMalformed(secret) ? secret : parseKeySource(secret, password)
  if (!isMalformed(key)) return { key, pubkey: key.type === 'secret' ? pubkeyOf(key.secretKey) : null, walletSecrets }
  problems.push({ path: [path], message: key.malformed })
  return null
}

function readWalletSecrets(wallets: Settings['wallets'], readSecret: SecretReader, problems: Problem[]) {
  const secrets = new Map<string, string>()
  for (const [name, { type, uri, credential }] of Object.entries(wallets)) {
    const setting = type === 'nwc' ? 'uri' : 'credential'
    const reference = type === 'nwc' ? uri : credential
    if (!reference) continue // said by the schema
    const secret = readSecret(reference)
    const parsed = isMalformed(secret) ? secret : parseWalletSecret(type, secret)
    if (isMalformed(parsed)) problems.push({ path: ['wallets', name, setting], message: parsed.malformed })
    else secrets.set(name, parsed)
  }
  return secrets
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, step) => (inner as Record<string | number, unknown> | undefined)?.[step], value)
}

/** The line of the setting, or of the nearest group around it that is written down. */
function lineOf(lines: ReadonlyMap<string, number>, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(formatPath(path.slice(0, length)))
    if (line !== undefined) return line
  }
  return 1
}

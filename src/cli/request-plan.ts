/** What does the command line of `tollbridge request` ask for? Checked whole before anything is signed or sent. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isUtf8 } from 'node:buffer'
import type { EncryptionScheme } from '../core/arrival.js'
import { TollbridgeError } from '../core/errors.js'
import { isMalformed, parseEventId, type Malformed, type Millis } from '../core/identifiers.js'
import { msatFromSats, type Msat } from '../core/money.js'
import type { WantedJob } from '../customer/job-draft.js'
import { parseProviderAddress } from '../customer/provider-address.js'
import { isWalletDestination } from '../core/refund.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import type { Network } from '../ports.js'
import { destinationOf } from './refund-destination.js'

/** As commander hands them over: texts, unchecked. */
export interface RequestOptions {
  /** npub, nprofile or hex; may be left out with `job`. */
  readonly provider?: string
  readonly relay?: readonly string[]
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly body?: string
  readonly bodyFile?: string
  readonly accept?: string
  readonly contentType?: string
  readonly bidSats?: string
  readonly maxSats?: string
  readonly pay?: boolean
  readonly walletFile?: string
  readonly keyFile?: string
  readonly proof?: boolean
  /** An invoice or a Lightning address, where money is to go back that cannot be used; or a 0600 file with it. */
  readonly refund?: string
  readonly refundFile?: string
  /** True for the scheme that is recommended. */
  readonly encrypt?: string | true
  /** Seconds. */
  readonly timeout?: string
  readonly job?: string
  readonly state?: string
  readonly network?: string
  readonly output?: string
  readonly showCredential?: boolean
  readonly allowPrivate?: boolean
}

export interface RequestPlan {
  readonly job: WantedJob
  readonly maxMsat: Msat | null
  readonly pay: boolean
  readonly proof: boolean
  readonly timeoutMs: Millis
  readonly network: Network
  readonly stateDir: string
  readonly keyFile: string | null
  readonly walletFile: string | null
  readonly outputFile: string | null
  readonly showCredential: boolean
  /** Outputs may be fetched from private addresses. */
  readonly allowPrivate: boolean
}

const DEFAULT_TIMEOUT_SECONDS = 300
const LONGEST_TIMEOUT_SECONDS = 7 * 86_400
const NETWORKS: readonly Network[] = ['mainnet', 'testnet', 'signet', 'regtest']
const SCHEMES: readonly EncryptionScheme[] = ['nip44', 'nip04']
const METHOD = /^[A-Za-z]{1,20}$/

/** `stateHome` is where state lies by default. @throws TollbridgeError `usage` */
export async function planRequest(options: RequestOptions, stateHome: string): Promise<RequestPlan> {
  const maxMsat = readSats('--max-sats', options.maxSats)
  const pay = options.pay ?? false
  const job = options.job === undefined ? await readNewJob(options) : readSavedJob(options, options.job)
  if (pay && job.type === 'new' && maxMsat === null && job.bidMsat === null) {
    throw usage('--pay needs a limit: give --max-sats, or --bid-sats')
  }
  return {
    job,
    maxMsat,
    pay,
    proof: options.proof ?? false,
    timeoutMs: readSeconds(options.timeout) * 1000,
    network: readNetwork(options.network),
    stateDir: options.state ?? join(stateHome, 'tollbridge', 'requests'),
    keyFile: options.keyFile ?? null,
    walletFile: options.walletFile ?? null,
    outputFile: options.output ?? null,
    showCredential: options.showCredential ?? false,
    allowPrivate: options.allowPrivate ?? false,
  }
}

async function readNewJob(options: RequestOptions): Promise<WantedJob> {
  if (options.provider === undefined) throw usage('name a provider, or take up a job with --job ID')
  const provider = checked(parseProviderAddress(options.provider))
  const given = options.relay ?? []
  const relays = readRelays(given.length > 0 ? given : provider.relays)
  if (relays.length === 0) throw usage('name at least one relay with --relay URL')
  const params = await readParams(options)
  const bidMsat = readSats('--bid-sats', options.bidSats)
  return {
    type: 'new',
    provider: provider.pubkey,
    relays,
    params,
    bidMsat,
    proof: options.proof ?? false,
    ...readScheme(options.encrypt),
  }
}

/** What belongs to a new job is refused, not silently dropped: the saved job is what it is. */
function readSavedJob(options: RequestOptions, id: string): WantedJob {
  const { method, path, query, body, bodyFile, accept, contentType, bidSats, encrypt, refund, refundFile } = options
  const ofNewJob = [method, path, query, body, bodyFile, accept, contentType, bidSats, encrypt, refund, refundFile]
  if (ofNewJob.some((value) => value !== undefined)) {
    throw usage('--job takes up a saved job; its request and its bid cannot be changed')
  }
  const provider = options.provider === undefined ? null : checked(parseProviderAddress(options.provider)).pubkey
  return { type: 'saved', id: checked(parseEventId(id)), relays: readRelays(options.relay ?? []), provider }
}

async function readParams(options: RequestOptions): Promise<Record<string, string>> {
  if (options.path === undefined) throw usage('--path is missing')
  if (options.body !== undefined && options.bodyFile !== undefined) throw usage('give --body or --body-file, not both')
  const body = options.bodyFile === undefined ? options.body : await readBody(options.bodyFile)
  const method = options.method ?? (body === undefined ? 'GET' : 'POST')
  if (!METHOD.test(method)) throw usage('--method is a word of letters')
  const [path = '', ...inPath] = options.path.split('?')
  if (!path.startsWith('/')) throw usage('--path begins with /')
  if (inPath.length > 0 && options.query !== undefined) throw usage('give the query in --path or in --query, not both')
  const query = inPath.length > 0 ? inPath.join('?') : options.query?.replace(/^\?/, '')
  const { accept, contentType, encrypt } = options
  const refund = (await destinationOf({ to: options.refund, toFile: options.refundFile })) ?? undefined
  const isWallet = refund !== undefined && isWalletDestination(refund)
  if (isWallet && encrypt === undefined) throw usage('a wallet to refund to is a secret: ask with --encrypt')
  const optional = { query: query || undefined, body, accept, 'content-type': contentType, refund }
  const present = Object.entries(optional).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { method: method.toUpperCase(), path, ...Object.fromEntries(present) }
}

async function readBody(file: string): Promise<string> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new TollbridgeError('usage', `${file} cannot be read`, { cause: error })
  })
  if (!isUtf8(bytes)) throw usage(`${file} is not UTF-8 text; a job carries text only`)
  return bytes.toString('utf8')
}

function readScheme(scheme: string | true | undefined): { encrypt?: EncryptionScheme } {
  if (scheme === undefined) return {}
  const named = SCHEMES.find((name) => name === (scheme === true ? 'nip44' : scheme))
  if (named === undefined) throw usage(`--encrypt is one of ${SCHEMES.join(', ')}`)
  return { encrypt: named }
}

export const readRelays = (urls: readonly string[]): string[] => [
  ...new Set(urls.map((url) => checked(parseRelayUrl(url)))),
]

export function readSats(option: string, text: string | undefined): Msat | null {
  if (text === undefined) return null
  if (!/^[1-9][0-9]{0,11}$/.test(text)) throw usage(`${option} is a whole number of sats`)
  return msatFromSats(Number(text))
}

export function readSeconds(text: string | undefined): number {
  if (text === undefined) return DEFAULT_TIMEOUT_SECONDS
  const seconds = /^[1-9][0-9]{0,6}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds <= LONGEST_TIMEOUT_SECONDS)) throw usage('--timeout is a whole number of seconds, a week at most')
  return seconds
}

export function readNetwork(text: string | undefined): Network {
  const network = NETWORKS.find((name) => name === (text ?? 'mainnet'))
  if (network === undefined) throw usage(`--network is one of ${NETWORKS.join(', ')}`)
  return network
}

export function checked<T>(value: T | Malformed): T {
  if (isMalformed(value)) throw usage(value.malformed)
  return value
}

export const usage = (message: string): TollbridgeError => new TollbridgeError('usage', message)

/** How is a wallet called that has an HTTP interface? One origin of the operator's own; every call is timed and its answer capped. */
import { setMaxListeners } from 'node:events'
import { Client, Pool, type Dispatcher } from 'undici'
import { TollbridgeError } from '../core/errors.js'
import { exchange, TOOK_TOO_LONG, type ExchangeEnd, type ExchangeHandler } from './http-exchange.js'
import { parseJson } from './json.js'
import { createLineSplitter } from './lines.js'
import { unusable } from './wallet-fault.js'

export interface WalletHttpSettings {
  /** The wallet's, for errors. */
  readonly name: string
  /** Scheme, host and port. */
  readonly origin: string
  /** Sent with every call: the credential. Secrets. */
  readonly headers: Readonly<Record<string, string>>
  /** PEM: the only certificate (authority) that is trusted. Absent: those of the system. */
  readonly certificate?: string
  /** From the call to the last byte of its answer. Default: 15 s. */
  readonly timeoutMs?: number
  /** Of an answer, or of one line of a stream. Default: 4 MiB. */
  readonly maxBytes?: number
}

export interface WalletHttpRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** Path and query, encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as JSON. */
  readonly json?: unknown
  /** Sent as it is: set its content type. */
  readonly body?: string
  readonly timeoutMs?: number
  /** Over a connection of its own, so that none is used that the wallet has just given up: for what spends. */
  readonly fresh?: boolean
}

export type WalletHttpOutcome =
  | { readonly type: 'response'; readonly status: number; readonly text: string }
  | Exclude<ExchangeEnd, { readonly type: 'complete' | 'enough' }>

export interface WalletAnswer {
  readonly status: number
  /** Parsed JSON. */
  readonly body: unknown
}

export interface LineStream {
  /** Each whole line that is not blank, with the status of the answer; `enough` ends the stream. Must not throw. */
  readonly onLine: (line: string, status: number) => 'more' | 'enough'
  /** The request is about to be written. An answer may begin only when there is something to tell. */
  readonly onSent?: () => void
  /** Ends where nothing has come for so long; a wallet's stream may be dead and look alive. Default: the time limit of calls. */
  readonly idleMs?: number
  readonly signal?: AbortSignal
}

export interface WalletHttp {
  /** Never throws; an answer of any status is a response. */
  send(request: WalletHttpRequest): Promise<WalletHttpOutcome>
  /** As `send`, for what is asked of the wallet. @throws TollbridgeError `timeout`, or `wallet-unusable` where no JSON came. */
  ask(request: WalletHttpRequest): Promise<WalletAnswer>
  /** Reads an answer line by line while it comes, over a connection of its own. Never throws. */
  lines(request: WalletHttpRequest, stream: LineStream): Promise<ExchangeEnd>
  /** Ends every call and stream. */
  stop(): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 15_000
const DEFAULT_MAX_BYTES = 4 * 1024 * 1024
const CONNECT_TIMEOUT_MS = 10_000
/** Calls at once; more wait for one of these connections. */
const CONNECTIONS = 16

/** Opens no connection before the first call. @throws TollbridgeError `wallet-unusable` for what is no origin. */
export function createWalletHttp(settings: WalletHttpSettings): WalletHttp {
  const { name, timeoutMs = DEFAULT_TIMEOUT_MS, maxBytes = DEFAULT_MAX_BYTES } = settings
  const origin = parseOrigin(settings)
  const stopping = new AbortController()
  // One for each call under way: as many as there are.
  setMaxListeners(0, stopping.signal)
  const ca = settings.certificate === undefined ? {} : { ca: settings.certificate }
  // The limits are counted in `exchange`: undici's own would end a stream that has nothing to tell.
  const common = { headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_TIMEOUT_MS, ...ca } }
  const kept = new Pool(origin, { ...common, connections: CONNECTIONS })

  /** A client that is given up after one call: a kept one would connect anew for the call that was broken off. */
  const overFresh = async <T>(call: (client: Dispatcher) => Promise<T>): Promise<T> => {
    const client = new Client(origin, { ...common, pipelining: 0 })
    try {
      return await call(client)
    } finally {
      void client.destroy().catch(() => undefined)
    }
  }

  const optionsOf = ({ method, path, headers = {}, json, body }: WalletHttpRequest) => ({
    method,
    path,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'identity',
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
      ...settings.headers,
    },
    body: json === undefined ? (body ?? null) : JSON.stringify(json),
  })

  async function send(request: WalletHttpRequest): Promise<WalletHttpOutcome> {
    const chunks: Buffer[] = []
    let size = 0
    let status = 0
    const limits = { timeoutMs: request.timeoutMs ?? timeoutMs, signals: [stopping.signal] }
    const handler: ExchangeHandler = {
      onStatus: (code) => void (status = code),
      onBytes: (chunk) => {
        chunks.push(chunk)
        return (size += chunk.length) > maxBytes ? 'enough' : 'more'
      },
    }
    const call = (dispatcher: Dispatcher) => exchange(dispatcher, optionsOf(request), limits, handler)
    const end = await (request.fresh ? overFresh(call) : call(kept))
    if (end.type === 'enough') return { type: 'unknown', reason: 'the answer is too long' }
    if (end.type !== 'complete') return end
    return { type: 'response', status, text: Buffer.concat(chunks).toString('utf8') }
  }

  return {
    send,
    async ask(request) {
      const outcome = await send(request)
      if (outcome.type !== 'response') throw faultOf(name, outcome.reason)
      const body = parseJson(outcome.text)
      if (body === undefined) throw faultOf(name, `it answered ${outcome.status} with what is no JSON`)
      return { status: outcome.status, body }
    },
    async lines(request, { onLine, onSent, idleMs = timeoutMs, signal }) {
      let status = 0
      const split = createLineSplitter(maxBytes)
      const tell = (lines: readonly string[]): boolean => lines.some((line) => onLine(line, status) === 'enough')
      const limits = { timeoutMs: idleMs, idle: true, signals: signal ? [stopping.signal, signal] : [stopping.signal] }
      const handler: ExchangeHandler = {
        ...(onSent ? { onSent } : {}),
        onStatus: (code) => void (status = code),
        onBytes: (chunk) => {
          const lines = split.push(chunk)
          return lines === 'tooLong' || tell(lines) ? 'enough' : 'more'
        },
      }
      const end = await overFresh((client) => exchange(client, optionsOf(request), limits, handler))
      if (split.overflowed) return { type: 'unknown', reason: 'a line of the answer is too long' }
      // What an answer ends with needs no end of line; what it was cut off in is not told.
      if (end.type === 'complete' && tell(split.rest())) return { type: 'enough' }
      return end
    },
    async stop() {
      stopping.abort()
      await kept.destroy()
    },
  }
}

const faultOf = (name: string, reason: string): TollbridgeError =>
  reason === TOOK_TOO_LONG
    ? new TollbridgeError('timeout', `wallet ${name} did not answer in time`)
    : unusable(name, reason)

function parseOrigin({ name, origin }: WalletHttpSettings): string {
  const url = URL.canParse(origin) ? new URL(origin) : null
  if (url !== null && ['http:', 'https:'].includes(url.protocol) && url.username === '' && url.password === '') {
    return url.origin
  }
  throw faultOf(name, 'its url is not scheme, host and port')
}

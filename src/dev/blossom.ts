/** Is there a server to keep blobs? A real Blossom server in memory, on loopback, that a test can make lie, refuse or fall silent. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tagValue, type NostrEvent } from '../core/event.js'
import { isMalformed } from '../core/identifiers.js'
import { parseEvent, verifyEvent } from '../nostr/event.js'

/** What servers in the wild do besides keeping blobs. */
export type BlossomFault =
  /** Takes the blob, and says that it has another. */
  | 'wrongHash'
  /** Takes the blob, gives an address elsewhere, and does not have it itself. */
  | 'wrongHost'
  /** Takes the blob and gives other bytes of the same length back. */
  | 'otherBytes'
  /** Answers 503 to everything. */
  | 'unavailable'
  /** Accepts connections and never answers. */
  | 'silent'

export interface BlossomOptions {
  /** Default: any free one. */
  readonly port?: number
  readonly fault?: BlossomFault | null
  /** Default: 16 MiB. */
  readonly maxBytes?: number
  /** Types of content that are taken; default: all. Refused with 415. */
  readonly types?: readonly string[]
  /** False: HEAD /upload is not known here (404). Default: true. */
  readonly preflight?: boolean
}

export interface BlossomServer {
  /** Origin without a slash at the end. */
  readonly url: string
  /** By sha256. */
  readonly blobs: ReadonlyMap<string, Uint8Array>
  /** `METHOD /path STATUS` of every answer, in order. */
  readonly requests: readonly string[]
  fail(fault: BlossomFault | null): void
  /** Forgets every blob. */
  forget(): void
  /** Idempotent. */
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body?: Uint8Array | string
  readonly type?: string
  readonly reason?: string
}

const HASH_PATH = /^\/([0-9a-f]{64})(\.[a-z0-9]{1,8})?$/

/** BUD-01, 02, 06 and 11, authorization demanded for uploads and deletions. @throws where the port is taken. */
export async function startBlossom(options: BlossomOptions = {}): Promise<BlossomServer> {
  const { maxBytes = 16 * 1_048_576, types, preflight = true } = options
  const blobs = new Map<string, { bytes: Uint8Array; type: string; owner: string }>()
  const requests: string[] = []
  let fault = options.fault ?? null

  function refuseUpload(type: string, size: number): Answer | null {
    if (types && !types.includes(type)) return refuse(415, `no ${type} here`)
    return size > maxBytes ? refuse(413, 'too large') : null
  }

  async function answer(message: IncomingMessage): Promise<Answer> {
    const { method = 'GET', url = '/', headers } = message
    if (fault === 'unavailable') return refuse(503, 'away')
    if (url === '/upload' && method === 'HEAD') {
      if (!preflight) return refuse(404, 'no such page')
      const token = authorize(message, 'upload', String(headers['x-sha-256']))
      if (typeof token === 'string') return refuse(401, token)
      return refuseUpload(String(headers['x-content-type']), Number(headers['x-content-length'])) ?? { status: 200 }
    }
    if (url === '/upload' && method === 'PUT') return takeUpload(message)
    const [, x = ''] = HASH_PATH.exec(url) ?? []
    const kept = blobs.get(x)
    if (method === 'DELETE') {
      const token = authorize(message, 'delete', x)
      if (typeof token === 'string') return refuse(401, token)
      if (kept?.owner !== token.pubkey) return refuse(403, 'not yours')
      blobs.delete(x)
      return { status: 204 }
    }
    if (!kept || fault === 'wrongHost') return refuse(404, 'no such blob')
    const bytes = fault === 'otherBytes' ? Buffer.alloc(kept.bytes.length, 7) : kept.bytes
    return { status: 200, body: bytes, type: kept.type }
  }

  async function takeUpload(message: IncomingMessage): Promise<Answer> {
    const bytes = await readBytes(message, maxBytes)
    const type = message.headers['content-type'] ?? 'application/octet-stream'
    const objection = bytes === null ? refuse(413, 'too large') : refuseUpload(type, bytes.length)
    if (objection || bytes === null) return objection ?? refuse(413, 'too large')
    const x = createHash('sha256').update(bytes).digest('hex')
    const token = authorize(message, 'upload', x)
    if (typeof token === 'string') return refuse(401, token)
    blobs.set(x, { bytes, type, owner: token.pubkey })
    const descriptor = {
      url: fault === 'wrongHost' ? `https://cdn.example.com/${x}` : `${origin}/${x}`,
      sha256: fault === 'wrongHash' ? 'f'.repeat(64) : x,
      size: bytes.length,
      type,
      uploaded: Math.floor(Date.now() / 1000),
    }
    return { status: 201, body: JSON.stringify(descriptor), type: 'application/json' }
  }

  const server = createServer((message, response) => {
    if (fault === 'silent') return
    answer(message)
      .then((given) => {
        requests.push(`${message.method} ${message.url} ${given.status}`)
        write(response, given, message.method === 'HEAD')
      })
      .catch(() => response.destroy()) // the caller went away
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
  const origin = `http://127.0.0.1:${port}`
  let stopping: Promise<void> | undefined

  return {
    url: origin,
    get blobs() {
      return new Map([...blobs].map(([x, { bytes }]) => [x, bytes]))
    },
    requests,
    fail: (next) => void (fault = next),
    forget: () => blobs.clear(),
    stop() {
      stopping ??= new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
      return stopping
    },
  }
}

const refuse = (status: number, reason: string): Answer => ({ status, reason })

function write(response: ServerResponse, { status, body = '', type, reason }: Answer, isHead: boolean): void {
  response.writeHead(status, {
    'access-control-allow-origin': '*',
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(reason === undefined ? {} : { 'x-reason': reason }),
    ...(status === 204 ? {} : { 'content-length': Buffer.byteLength(body) }),
  })
  response.end(isHead || status === 204 ? undefined : body)
}

async function readBytes(message: IncomingMessage, maxBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The token, or why it is not good for this (BUD-11). */
function authorize({ headers }: IncomingMessage, verb: string, x: string): NostrEvent | string {
  const [, coded] = /^Nostr ([A-Za-z0-9_-]+)$/.exec(headers.authorization ?? '') ?? []
  if (coded === undefined) return 'no authorization'
  const token = parseEvent(parseJson(Buffer.from(coded, 'base64url').toString('utf8')))
  if (isMalformed(token)) return token.malformed
  const now = Date.now() / 1000
  const hosts = token.tags.filter(([name]) => name === 'server').map(([, host]) => host)
  if (token.kind !== 24_242 || token.content === '') return 'not an authorization'
  if (token.created_at > now) return 'made in the future'
  if (!(Number(tagValue(token, 'expiration')) > now)) return 'expired'
  if (tagValue(token, 't') !== verb) return 'for something else'
  if (!token.tags.some(([name, value]) => name === 'x' && value === x)) return 'for another blob'
  if (hosts.length > 0 && !hosts.includes('127.0.0.1')) return 'for another server'
  return verifyEvent(token) ? token : 'not signed by its author'
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

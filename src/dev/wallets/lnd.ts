/** How does an LND node of the embedded world speak? Its REST interface over a simulated node, with faults and lies on order. */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { SimulatedNode } from '../lightning/simulated.js'
import type { SelfSigned } from './certificate.js'
import { createLndBooks } from './lnd-books.js'
import { LndGone, LndRefusal, type LndCall, type LndEntry, type LndStream } from './lnd-call.js'
import { createInvoiceCalls } from './lnd-invoice-calls.js'
import { distort, type LndLie } from './lnd-lies.js'
import { ADMIN, createLndMacaroons } from './lnd-macaroons.js'
import { createNodeCalls } from './lnd-node-calls.js'

/** `hangUp`: the request is read and the connection cut. `doneThenHangUp`: what is asked is done first. `silence`: no answer. */
export type LndFault = 'hangUp' | 'doneThenHangUp' | 'silence' | { readonly status: number; readonly text: string }

export interface LndNodeOptions {
  readonly node: SimulatedNode
  /** Https with this certificate; otherwise plain http. */
  readonly tls?: SelfSigned
  readonly port?: number
  /** As `getinfo` names it. Default: regtest. */
  readonly network?: string
  /** Nodes that it has a way to; default: every one. */
  readonly reaches?: (payee: string) => boolean
}

export interface LndNode {
  /** Scheme, host and port. */
  readonly url: string
  /** Everything is allowed by it. A secret. */
  readonly adminMacaroon: string
  /** `METHOD /path?query` of each request, in order. */
  readonly requests: readonly string[]
  /** Connections that are open. */
  readonly connections: number
  /** In hex. A secret. */
  bake(permissions: readonly string[]): string
  /** The next request whose path contains `on` fails so. */
  failNext(on: string, fault: LndFault): void
  /** How every answer goes wrong until it is called off with null. */
  lie(how: LndLie | null): void
  /** Cuts every connection, and takes none until it is called again with false: a node that is started anew. */
  cutOff(isCut: boolean): void
  /** Idempotent. */
  stop(): Promise<void>
}

const HTTP_STATUS: Readonly<Record<number, number>> = { 3: 400, 5: 404, 6: 409, 7: 403, 12: 501, 16: 401 }
const HEADERS = { 'content-type': 'application/json', 'grpc-metadata-content-type': 'application/grpc' }

/** @throws where the port is taken. */
export async function startLndNode(options: LndNodeOptions): Promise<LndNode> {
  const { node, tls, port = 0, network = 'regtest', reaches = () => true } = options
  const books = createLndBooks(node)
  const macaroons = createLndMacaroons()
  const entries = [...createInvoiceCalls(node, books), ...createNodeCalls({ node, books, network, reaches })]
  const adminMacaroon = macaroons.bake(ADMIN)
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const faults: { on: string; fault: LndFault }[] = []
  const waiting = new Set<() => void>()
  let lie: LndLie | null = null
  let isCut = false

  const told = (value: object): string => JSON.stringify(distort(value, lie))
  const onTime = (): Promise<void> =>
    lie === 'late' ? new Promise((resolve) => void waiting.add(resolve)) : Promise.resolve()
  const release = (): void => {
    for (const go of [...waiting]) go()
    waiting.clear()
  }

  /** Its answer begins with the first thing that there is to tell: until then the peer sees no status either. */
  function streamOver(response: ServerResponse): LndStream {
    const write = (text: string): void => {
      if (response.destroyed || response.writableEnded) return
      if (!response.headersSent) response.writeHead(200, HEADERS)
      response.write(text)
    }
    return {
      send(result) {
        const line = `${told({ result })}\n`
        void onTime().then(() => write(lie === 'twice' ? line + line : line))
      },
      end: () => void onTime().then(() => response.end()),
      onGone: (run) => void response.on('close', run),
    }
  }

  function refuse(response: ServerResponse, error: unknown, isStream: boolean): void {
    if (!(error instanceof LndRefusal)) return void response.destroy()
    const said = { code: error.code, message: error.message, details: [] }
    response.writeHead(HTTP_STATUS[error.code] ?? 500, HEADERS)
    response.end(`${JSON.stringify(isStream ? { error: said } : said)}${isStream ? '\n' : ''}`)
  }

  async function run(entry: LndEntry, call: LndCall, response: ServerResponse): Promise<void> {
    if (entry.stream) return void (await entry.stream(call, streamOver(response)))
    const text = told((await entry.answer?.(call)) ?? {})
    await onTime()
    response.writeHead(200, HEADERS).end(text)
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://lnd')
    const path = decodeURIComponent(pathname)
    let body = ''
    request.setEncoding('utf8')
    for await (const piece of request as AsyncIterable<string>) body += piece
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`)
    const index = faults.findIndex(({ on }) => path.includes(on))
    const fault = index < 0 ? null : (faults.splice(index, 1)[0]?.fault ?? null)
    if (fault === 'silence') return
    if (fault === 'hangUp') return void response.destroy()
    if (fault !== null && fault !== 'doneThenHangUp') return void response.writeHead(fault.status).end(fault.text)

    const entry = entries.find((one) => one.method === request.method && one.path.test(path))
    if (!entry) return void response.writeHead(404, HEADERS).end('{"code":5,"message":"Not Found","details":[]}')
    const macaroon = request.headers['grpc-metadata-macaroon']
    const denied = macaroons.deny(typeof macaroon === 'string' ? macaroon : undefined, entry.permission, entry.uri)
    try {
      if (denied !== null) throw new LndRefusal(2, denied)
      const call = { parts: entry.path.exec(path)?.slice(1) ?? [], query: searchParams, body: readBody(body) }
      if (fault === null) return await run(entry, call, response)
      // Nobody hears what it answers.
      const unheard = { send: () => undefined, end: () => undefined, onGone: () => undefined }
      if (entry.stream) await entry.stream(call, unheard)
      else await entry.answer?.(call)
      throw new LndGone()
    } catch (error) {
      refuse(response, error, entry.stream !== undefined)
    }
  }

  const listener: RequestListener = (request, response) => {
    response.on('error', () => response.destroy())
    serve(request, response).catch(() => response.destroy())
  }
  const server = tls ? createTlsServer({ key: tls.key, cert: tls.cert }, listener) : createServer(listener)
  server.on('connection', (socket: Socket) => {
    if (isCut) return void socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve, reject) => void server.once('error', reject).listen(port, '127.0.0.1', resolve))

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    adminMacaroon,
    requests,
    get connections() {
      return sockets.size
    },
    bake: (permissions) => macaroons.bake(permissions),
    failNext: (on, fault) => void faults.push({ on, fault }),
    lie(how) {
      lie = how
      if (how !== 'late') release()
    },
    cutOff(cut) {
      isCut = cut
      if (cut) for (const socket of sockets) socket.destroy()
    },
    async stop() {
      books.stop()
      release()
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => void server.close(() => resolve()))
    },
  }
}

function readBody(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = text === '' ? {} : JSON.parse(text)
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

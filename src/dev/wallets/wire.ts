/** How does a simulated wallet with an HTTP interface stand on the wire? On loopback, in plain http, with faults and lies on order. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

export interface WireRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface WireAnswer {
  readonly status: number
  /** Sent as JSON; a string is sent as it is. */
  readonly body: unknown
}

/** `hangUp`: the request is read, and the connection closed. `doneThenHangUp`: what is asked is done first. `silence`: no answer. */
export type WireFault = 'hangUp' | 'doneThenHangUp' | 'silence' | WireAnswer

/** How every answer goes wrong until it is called off. `late`: given when it is. The others change what is told, and not what is done. */
export type WireLie = 'late' | 'twice' | 'otherHash' | 'wrongPreimage' | 'emptyPreimage'

export interface Wire {
  /** Scheme, host and port. */
  readonly url: string
  /** `METHOD /path STATUS` of each answer, in order; the query is left out. */
  readonly requests: readonly string[]
  /** Connections that are open, sockets of the push included. */
  readonly connections: number
  /** Who waits to be told something: requests that are not answered yet, and listeners of the push. */
  readonly waiting: number
  /** The next request whose path contains `on` fails so. */
  failNext(on: string, fault: WireFault): void
  lie(how: WireLie | null): void
  /** To every listener that `may` hear it. */
  push(message: object, may?: (path: string) => boolean): void
  /** Closes every connection, and takes none until it is called again with false. */
  cutOff(isCut: boolean): void
  /** Idempotent. */
  stop(): Promise<void>
}

export interface WireParts {
  readonly port?: number
  readonly answer: (request: WireRequest) => Promise<WireAnswer>
  /** A listener is let in; default: none is. */
  readonly letIn?: (path: string, headers: IncomingMessage['headers']) => boolean
  /** Called before it stops; what is put into the list by then counts. Idempotent, as `stop` is. */
  readonly onStop?: readonly (() => void)[]
}

/** What a peer sees of a service that has broken down half-way. */
export class HungUp extends Error {}

const OTHER_HASH = 'ab'.repeat(31) + 'cd'
const WRONG_PREIMAGE = 'ee'.repeat(32)

/** @throws where the port is taken. */
export async function startWire({ port = 0, answer, letIn = () => false, onStop = [] }: WireParts): Promise<Wire> {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const faults: { on: string; fault: WireFault }[] = []
  const held = new Set<() => void>()
  const listeners = new Map<WebSocket, string>()
  let lie: WireLie | null = null
  let isCut = false
  let unanswered = 0

  const takeFault = (path: string): WireFault | null => {
    const index = faults.findIndex(({ on }) => path.includes(on))
    return index < 0 ? null : (faults.splice(index, 1)[0]?.fault ?? null)
  }
  const release = (): void => {
    for (const go of [...held]) go()
    held.clear()
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(request)
    unanswered += 1
    response.once('close', () => (unanswered -= 1))
    const fault = takeFault(read.path)
    if (fault === 'silence') return
    if (fault === 'hangUp') return void response.destroy()
    let outcome: WireAnswer
    try {
      outcome = fault !== null && fault !== 'doneThenHangUp' ? fault : await answer(read)
    } catch (error) {
      if (error instanceof HungUp) return void response.destroy()
      outcome = { status: 500, body: 'the simulation failed' }
    }
    if (fault === 'doneThenHangUp') return void response.destroy()
    if (lie === 'late') await new Promise<void>((resolve) => held.add(resolve))
    const { status, body } = outcome
    requests.push(`${read.method} ${read.path} ${status}`)
    const isText = typeof body === 'string'
    response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json' })
    response.end(isText ? body : JSON.stringify(distort(body, lie)))
  }

  const server = createServer((request, response) => {
    response.on('error', () => response.destroy())
    serve(request, response).catch(() => response.destroy())
  })
  const upgrades = new WebSocketServer({ noServer: true })
  server.on('connection', (socket: Socket) => {
    if (isCut) return void socket.destroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  })
  server.on('upgrade', (request, socket, head) => {
    const { pathname } = new URL(request.url ?? '/', 'http://wire')
    if (!letIn(pathname, request.headers)) return void socket.end('HTTP/1.1 401 Unauthorized\r\n\r\n')
    upgrades.handleUpgrade(request, socket, head, (listener) => {
      listeners.set(listener, pathname)
      listener.on('close', () => listeners.delete(listener)).on('error', () => listener.terminate())
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return sockets.size
    },
    get waiting() {
      return listeners.size + unanswered
    },
    failNext: (on, fault) => void faults.push({ on, fault }),
    lie(how) {
      lie = how
      if (how !== 'late') release()
    },
    push(message, may = () => true) {
      const text = JSON.stringify(distort(message, lie))
      for (const [listener, path] of listeners) {
        if (!may(path)) continue
        listener.send(text)
        if (lie === 'twice') listener.send(text)
      }
    },
    cutOff(cut) {
      isCut = cut
      if (cut) for (const socket of sockets) socket.destroy()
    },
    async stop() {
      for (const end of onStop) end()
      release()
      for (const socket of sockets) socket.destroy()
      upgrades.close()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

async function readRequest(request: IncomingMessage): Promise<WireRequest> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://wire')
  let body = ''
  request.setEncoding('utf8')
  for await (const piece of request as AsyncIterable<string>) body += piece
  const { method = 'GET', headers } = request
  return { method, path: decodeURIComponent(pathname), query: searchParams, headers, body }
}

/** By the names that wallets give to hashes and preimages, at any depth. */
function distort(value: unknown, lie: WireLie | null): unknown {
  if (lie === null || lie === 'late' || lie === 'twice') return value
  return JSON.parse(JSON.stringify(value), (key, told: unknown) => {
    if (typeof told !== 'string') return told
    if (/preimage/i.test(key)) return lie === 'otherHash' ? told : lie === 'wrongPreimage' ? WRONG_PREIMAGE : ''
    return lie === 'otherHash' && /^(payment_?hash|checking_id)$/i.test(key) ? OTHER_HASH : told
  }) as unknown
}

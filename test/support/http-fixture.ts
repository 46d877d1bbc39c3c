/** An HTTP server on loopback that does what a test tells it to, and remembers what it was asked. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'

export interface Heard {
  readonly method: string
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export interface HttpFixture {
  readonly port: number
  readonly heard: Heard[]
  readonly sockets: ReadonlySet<Socket>
  /** Connections accepted so far. */
  readonly connections: number
  readonly server: Server
  stop(): Promise<void>
}

export type Answer = (response: ServerResponse, request: IncomingMessage) => void

export async function startHttp(
  answer: Answer,
  tls?: { readonly key: string; readonly cert: string },
): Promise<HttpFixture> {
  const heard: Heard[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const listener: RequestListener = (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      heard.push({ method: request.method ?? '', target: request.url ?? '', headers: request.headers, body })
      answer(response, request)
    })
    response.on('error', () => response.destroy())
  }
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener)
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    heard,
    sockets,
    server,
    get connections() {
      return connections
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

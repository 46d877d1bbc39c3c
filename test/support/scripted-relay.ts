/** What would a relay do that no honest one does? A socket whose every frame the test decides on. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import { vi } from 'vitest'

/** A frame as the client sent it, parsed. */
export type ClientFrame = readonly unknown[]

/** Answers one frame; `send` takes a value for JSON, or a text that goes out as it is. */
export type Script = (frame: ClientFrame, send: (frame: unknown) => void) => void

export interface ScriptedRelay {
  readonly url: string
  readonly port: number
  /** Connections that were ever made, and those that are open. */
  readonly connected: number
  readonly open: number
  /** Every frame of every connection, and its text. */
  readonly frames: readonly ClientFrame[]
  readonly texts: readonly string[]
  /** Pings that arrived. */
  readonly pings: number
  framesOf(label: string): ClientFrame[]
  /** Waits until that many frames of the label have come, and returns the last. */
  waitForFrame(label: string, count?: number): Promise<ClientFrame>
  /** To every open connection. */
  send(frame: unknown): void
  /** As a binary frame. */
  sendBytes(bytes: Uint8Array): void
  follow(script: Script): void
  /** Cuts every connection without a word. */
  drop(): void
  /** Ends every connection with this code. */
  close(code: number): void
  /** Reads nothing more from the connections that are open: half-open lines. */
  freeze(): void
  stop(): Promise<void>
}

/** Answers each REQ by EOSE and each EVENT by OK. */
export const POLITE: Script = ([label, first], send) => {
  if (label === 'REQ') send(['EOSE', first])
  if (label === 'EVENT') send(['OK', (first as { id: string }).id, true, ''])
}

const textOf = (frame: unknown): string => (typeof frame === 'string' ? frame : JSON.stringify(frame))

/** Starts on any free port unless one is given. */
export async function startScriptedRelay(options: { port?: number; script?: Script } = {}): Promise<ScriptedRelay> {
  const server = new WebSocketServer({ port: options.port ?? 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const frames: ClientFrame[] = []
  const texts: string[] = []
  let script = options.script ?? POLITE
  let connected = 0
  let pings = 0

  server.on('connection', (socket: WebSocket) => {
    connected += 1
    socket.on('error', () => undefined) // a client that breaks the protocol is closed; `close` follows
    socket.on('ping', () => {
      pings += 1
    })
    socket.on('message', (data: Buffer) => {
      const text = data.toString()
      const frame = JSON.parse(text) as ClientFrame
      texts.push(text)
      frames.push(frame)
      script(frame, (answer) => socket.send(textOf(answer)))
    })
  })

  const framesOf = (label: string) => frames.filter((frame) => frame[0] === label)

  return {
    url: `ws://127.0.0.1:${port}/`,
    port,
    get connected() {
      return connected
    },
    get open() {
      return server.clients.size
    },
    frames,
    texts,
    get pings() {
      return pings
    },
    framesOf,
    waitForFrame: (label, count = 1) =>
      vi.waitFor(
        () => {
          const found = framesOf(label)[count - 1]
          if (!found) throw new Error(`${framesOf(label).length} of ${count} ${label} frames arrived`)
          return found
        },
        { timeout: 5_000, interval: 5 },
      ),
    send: (frame) => server.clients.forEach((socket) => socket.send(textOf(frame))),
    sendBytes: (bytes) => server.clients.forEach((socket) => socket.send(bytes)),
    follow: (next) => {
      script = next
    },
    drop: () => server.clients.forEach((socket) => socket.terminate()),
    close: (code) => server.clients.forEach((socket) => socket.close(code)),
    freeze: () => server.clients.forEach((socket) => socket.pause()),
    stop: async () => {
      server.clients.forEach((socket) => socket.terminate())
      server.close()
      await once(server, 'close')
    },
  }
}

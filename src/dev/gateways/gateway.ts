/** How is an L402 gateway started? A real HTTP server on loopback that speaks one dialect, with counters and faults for tests. */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { LightningNode } from '../lightning/node.js'
import { readRequest, writeAnswer, type Answer } from './answer.js'
import { createCounts, type GatewayCounters } from './counters.js'
import { dialects } from './dialects/index.js'
import { createFaultLine, type Fault, type FaultPlace } from './faults.js'
import { DEFAULT_SETTINGS, type DialectName, type GatewaySettings } from './settings.js'
import { createSmallApi, type Api } from './small-api.js'
import type { TamperName } from './tampering.js'
import { createTill } from './till.js'
import { pass, type Reply, type Turnstile } from './turnstile.js'

export interface GatewayOptions {
  readonly dialect: DialectName
  /** Makes the invoices; not stopped with the gateway. */
  readonly node: LightningNode
  /** Default: the small API. */
  readonly api?: Api
  /** Default: any free one. */
  readonly port?: number
  readonly settings?: Partial<GatewaySettings>
}

export interface Gateway {
  readonly dialect: DialectName
  /** Origin without a slash at the end. */
  readonly url: string
  readonly api: Api
  readonly counters: GatewayCounters
  /** Faults wait in line, one line per place; without a place: the next call that is paid for. */
  failNext(fault: Fault, options?: { readonly at?: FaultPlace; readonly times?: number }): void
  /** Price of one call from now on. */
  setPrice(sats: number): void
  /** Every challenge from now on is tampered with; null for none. */
  tamper(name: TamperName | null): void
  /** Idempotent. Breaks what is open. */
  stop(): Promise<void>
}

export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { dialect: name, node, api = createSmallApi(), port = 0 } = options
  const dialect = dialects[name]
  const counts = createCounts()
  const till = createTill({ node, counts, settings: { ...DEFAULT_SETTINGS, ...options.settings } })
  const faults = createFaultLine()
  const stopping = new AbortController()
  let tampering: TamperName | null = null
  const gate: Turnstile = {
    dialect,
    till,
    api,
    faults,
    counts,
    replays: new Map(),
    tampering: () => tampering,
    signal: stopping.signal,
  }

  const server = createServer((message, response) => {
    readRequest(message)
      .then((request): Promise<Reply> | Reply =>
        request ? pass(gate, request) : { type: 'answer', answer: TOO_LARGE },
      )
      .then((reply) => send(response, reply))
      .catch(() => {
        // The caller went away, the API was interrupted, or the node has stopped.
        if (response.headersSent || stopping.signal.aborted) response.destroy()
        else writeAnswer(response, dialect.failure(till, 500))
      })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })

  return {
    dialect: name,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    api,
    counters: counts,
    failNext: faults.add,
    setPrice: till.setPrice,
    tamper: (next) => void (tampering = next),
    async stop() {
      if (stopping.signal.aborted) return
      stopping.abort()
      till.stop()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

const TOO_LARGE: Answer = { status: 413, headers: { 'Content-Type': 'text/plain' }, body: 'too large\n' }

function send(response: ServerResponse, reply: Reply): void {
  switch (reply.type) {
    case 'answer':
      return writeAnswer(response, reply.answer)
    case 'cutShort':
      return writeHalf(response, reply.answer)
    case 'reset':
      response.socket?.resetAndDestroy()
      return
    case 'hang':
      return // until the caller gives up or the gateway stops
  }
}

function writeHalf(response: ServerResponse, { status, headers, body }: Answer): void {
  const bytes = Buffer.from(body)
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.setHeader('Content-Length', bytes.length + 1)
  // Broken only when these bytes have left: otherwise nothing at all would arrive.
  response.write(bytes.subarray(0, bytes.length >> 1), () => response.socket?.resetAndDestroy())
}

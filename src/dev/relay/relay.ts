/** Is there a relay to talk to? A real one in memory, on loopback, that a test can make slow, silent, deaf or hostile. */
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import type { NostrEvent } from '../../core/event.js'
import type { Millis, Pubkey, Seconds } from '../../core/identifiers.js'
import { createAdmission, type AnswerHook } from './admission.js'
import { createOutgoing, listenTo } from './connection.js'
import { createEventStore, type EventStore } from './event-store.js'
import { createGate } from './gate.js'
import { sendInformation } from './information.js'
import { createSession, type Session, type SessionWorld } from './session.js'
import { createSubscriptionIndex } from './subscription-index.js'

export interface RelayOptions {
  /** Default: any free port. */
  readonly port?: number
  /** Default: 127.0.0.1. */
  readonly host?: string
  /** Requires authentication (NIP-42) to read and to publish. */
  readonly auth?: boolean
  /** Shows direct messages and gift wraps to their authenticated parties alone, without a word to others. */
  readonly hidePrivate?: boolean
  /** Sends its challenge only once it has refused something. Default: at each connection. */
  readonly askLate?: boolean
  /** Whom authentication lets in. Default: everybody. */
  readonly isMember?: (pubkey: Pubkey) => boolean
  /** Of one frame that comes in. A longer one closes the connection. Default: 131,072. */
  readonly maxMessageBytes?: number
  /** Of one event, serialised. A larger one is refused. Default: 65,536. */
  readonly maxEventBytes?: number
  /** Of one event. Default: any number. */
  readonly maxTags?: number
  /** Of the value of a tag of one letter. Default: any. `STRFRY_LIMITS` has what most relays of the world allow. */
  readonly maxIndexedTagBytes?: number
  /** False takes ids and signatures on trust, for load that must not be bounded by the relay. Default: true. */
  readonly verify?: boolean
  readonly answer?: AnswerHook
  /** Holds back every outgoing frame. Default: 0. */
  readonly delayMs?: number
  /** The store of a relay that was stopped: a restart that kept its data. */
  readonly stored?: EventStore
  /** Default: the system's clock. */
  readonly now?: () => Millis
}

export interface RelayCounts {
  /** EVENT messages, whatever became of them. */
  readonly received: number
  /** Events that were new and kept. */
  readonly stored: number
  /** REQ messages. */
  readonly requests: number
  /** Open now. */
  readonly connections: number
  /** Open now. */
  readonly subscriptions: number
}

export interface DevRelay {
  readonly url: string
  readonly counts: RelayCounts
  /** To be given to the next relay as its `stored`. */
  readonly stored: EventStore
  /** What is stored, in the order of arrival. */
  events(): Iterable<NostrEvent>
  /** Replaces the `answer` hook; undefined takes it away. */
  refuse(answer: AnswerHook | undefined): void
  /** Half-open: connections stay and new ones are accepted, but nothing is read or said until `resume`, which continues in order. */
  pause(): void
  resume(): void
  /** Deaf: open subscriptions get no more events, and are not told. Everything else is answered as before. */
  forgetSubscriptions(): void
  /** Every connection is a stranger's again, and is sent another challenge. */
  challengeAgain(): void
  /** Cuts every connection without a word. */
  dropConnections(): void
  /** Idempotent. */
  stop(): Promise<void>
}

/** @throws where the port is taken. */
export async function startRelay(options: RelayOptions = {}): Promise<DevRelay> {
  const { host = '127.0.0.1', auth = false, maxMessageBytes = 131_072, delayMs = 0, now = Date.now } = options
  const store = options.stored ?? createEventStore()
  const subscriptions = createSubscriptionIndex()
  const gate = createGate()
  const sockets = new Set<Socket>()
  const sessions = new Map<WebSocket, Session>()
  const counts = { received: 0, stored: 0, requests: 0 }
  const seconds = (): Seconds => Math.floor(now() / 1000)
  let answer = options.answer
  let connected = 0

  const admit = createAdmission(store, subscriptions, {
    auth,
    verify: options.verify ?? true,
    maxEventBytes: options.maxEventBytes ?? 65_536,
    maxTags: options.maxTags ?? Infinity,
    maxIndexedTagBytes: options.maxIndexedTagBytes ?? Infinity,
    now: seconds,
    answer: () => answer,
    onStored: () => counts.stored++,
  })
  const { hidePrivate = false, askLate = false, isMember = () => true } = options
  const world: SessionWorld = {
    auth,
    hidePrivate,
    askLate,
    isMember,
    admit,
    store,
    subscriptions,
    counts,
    now: seconds,
  }

  const server = createServer((_request, response) =>
    gate.pass(() => sendInformation(response, { maxMessageBytes, auth })),
  )
  const handshakes = new WebSocketServer({ noServer: true, maxPayload: maxMessageBytes, perMessageDeflate: false })

  function welcome(socket: WebSocket, request: IncomingMessage): void {
    const outgoing = createOutgoing(socket, gate, delayMs)
    const hosts = [new URL(url).host, request.headers.host ?? '']
    const session = createSession(world, { number: ++connected, hosts, send: (frame) => outgoing.send(frame) })
    sessions.set(socket, session)
    listenTo(socket, session, gate)
    socket.on('close', () => {
      outgoing.stop()
      sessions.delete(socket)
    })
  }

  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => undefined) // it may fail while the gate holds its handshake; `close` follows
    gate.pass(() => handshakes.handleUpgrade(request, socket, head, welcome))
  })

  function dropConnections(): void {
    for (const socket of sockets) socket.destroy()
  }

  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, host, () => resolve((server.address() as AddressInfo).port))
  })
  const url = `ws://${host.includes(':') ? `[${host}]` : host}:${port}`
  let stopping: Promise<void> | undefined

  return {
    url,
    stored: store,
    counts: {
      get received() {
        return counts.received
      },
      get stored() {
        return counts.stored
      },
      get requests() {
        return counts.requests
      },
      get connections() {
        return sessions.size
      },
      get subscriptions() {
        return subscriptions.size
      },
    },
    events: () => store.events(),
    refuse(hook) {
      answer = hook
    },
    pause() {
      gate.close()
      for (const socket of sessions.keys()) socket.pause()
    },
    resume() {
      gate.open()
      for (const socket of sessions.keys()) socket.resume()
    },
    forgetSubscriptions() {
      for (const session of sessions.values()) session.forgetSubscriptions()
    },
    challengeAgain() {
      for (const session of sessions.values()) session.challengeAgain()
    },
    dropConnections,
    stop() {
      stopping ??= new Promise((resolve) => {
        gate.clear()
        server.close(() => resolve())
        dropConnections()
      })
      return stopping
    },
  }
}

/**
 * Is the line to one relay open? One WebSocket with limits on its handshake, its frames, its silence and its backlog.
 *
 * The `ws` socket is driven here rather than by nostr-tools' relay class: the daemon must see a frame before it is parsed, send a text
 * that is serialised already, tell an EOSE from a deadline, cap a frame, and own each timer and each promise. The smaller parts of
 * nostr-tools (frame readers, filters, URLs) are used by the files beside this one.
 */
import type { LookupFunction } from 'node:net'
import { WebSocket, type ClientOptions, type RawData } from 'ws'
import type { Clock } from '../ports.js'

const HANDSHAKE_MS = 10_000
/** A line that says nothing, not even pong, from one of these to the next is cut: noticed within 50 s. */
const PING_EVERY_MS = 25_000
/** How long a closing handshake may take. */
const CLOSE_MS = 1_000
/** More than this unsent means that the relay does not read. */
const MAX_BACKLOG_BYTES = 4 * 1_024 * 1_024
/** RFC 6455 §7.4.1: the peer got a message too big for it to process. */
const MESSAGE_TOO_BIG = 1_009

/** Why a line ended. */
export interface Loss {
  readonly reason: string
  /** The relay closed the line because a frame of ours was too big. */
  readonly tooBig: boolean
}

/**
 * The way in for whoever has sockets of another make (`openSocket` of the pool): one that opens, fails, falls silent or loses frames
 * on a simulated clock. It keeps to what the interfaces below promise; everything above this file is the real thing.
 */
export type OpenRelaySocket = (options: RelaySocketOptions) => RelaySocket

export interface RelaySocket {
  /** False where the line is not open or the relay does not read: nothing was sent. */
  send(frame: string): boolean
  /** Closes politely, and after a moment without. `onClose` follows in any case, later, with that reason unless it had one before. */
  close(reason?: string): void
}

export interface RelaySocketOptions {
  readonly url: string
  readonly clock: Clock
  readonly maxFrameBytes: number
  /** In place of the system's own. */
  readonly lookup?: LookupFunction | undefined
  /** Default: a `WebSocket` of `ws`. A simulation gives one that behaves the same, over lines of its own. */
  readonly dial?: (url: string, options: ClientOptions) => WebSocket
  readonly onOpen: () => void
  readonly onFrame: (frame: string) => void
  /** Called once, whatever happens, and never before `openRelaySocket` has returned. */
  readonly onClose: (loss: Loss) => void
}

export const openRelaySocket: OpenRelaySocket = (options) => {
  const { url, clock, maxFrameBytes, lookup, onOpen, onFrame, onClose } = options
  const dial = options.dial ?? ((to, how) => new WebSocket(to, how))
  const socket = dial(url, {
    maxPayload: maxFrameBytes,
    perMessageDeflate: false, // costs more CPU per small frame than it saves bytes
    followRedirects: false,
    ...(lookup && { lookup }),
  })
  let failure: string | null = null
  let heard = true
  let cancelTimer = clock.after(HANDSHAKE_MS, () => cut('the handshake took too long'))

  function cut(reason: string) {
    failure ??= reason
    socket.terminate()
  }

  function ping() {
    if (!heard) return cut('silent: no answer to a ping')
    heard = false
    if (socket.readyState === WebSocket.OPEN) socket.ping()
    cancelTimer = clock.after(PING_EVERY_MS, ping)
  }

  socket.on('open', () => {
    cancelTimer()
    cancelTimer = clock.after(PING_EVERY_MS, ping)
    onOpen()
  })
  socket.on('message', (data: RawData, isBinary: boolean) => {
    heard = true
    // A binary frame is no Nostr message; its empty text is counted as malformed like any other.
    onFrame(isBinary ? '' : (data as Buffer).toString())
  })
  socket.on('pong', () => {
    heard = true
  })
  socket.on('ping', () => {
    heard = true
  })
  // Stays attached for good: an error without a listener would end the process. A frame beyond the limit arrives here too, and its
  // sender is not waited for.
  socket.on('error', (error) => cut(error.message))
  socket.on('close', (code, text) => {
    cancelTimer()
    const reason =
      failure ?? (text.length > 0 ? `closed: ${text.toString().slice(0, 200)}` : `closed with code ${code}`)
    onClose({ reason, tooBig: failure === null && code === MESSAGE_TOO_BIG })
  })

  return {
    send: (frame) => {
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_BACKLOG_BYTES) return false
      socket.send(frame)
      return true
    },
    close: (reason = 'closed by us') => {
      cancelTimer()
      if (socket.readyState === WebSocket.CONNECTING) return cut(reason)
      failure ??= reason
      cancelTimer = clock.after(CLOSE_MS, () => socket.terminate())
      socket.close(1_000)
    },
  }
}

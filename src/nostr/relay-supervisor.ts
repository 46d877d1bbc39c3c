/** Is there a connection to this relay, and when is the next attempt? A relay that is wanted is retried for ever. */
import type { LookupFunction } from 'node:net'
import type { Clock, Logger } from '../ports.js'
import { createBackOff } from './back-off.js'
import type { Loss, OpenRelaySocket, RelaySocket } from './relay-socket.js'

const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 60_000
/** A connection that lasted this long was a good one: the next loss is retried fast again. */
const STEADY_MS = 30_000

export interface RelaySupervisor {
  readonly connected: boolean
  /** The last attempt failed, and the next one is still to come. */
  readonly down: boolean
  readonly lastError: string | null
  /** False where nothing was sent. */
  send(frame: string): boolean
  /** Connects unless connected, connecting, or waiting for the next attempt. */
  connect(): void
  /** Ends the connection that is open, for this reason; the next one follows as after any loss. */
  reconnect(reason: string): void
  /** Resolves once the socket is gone. Final. */
  stop(): Promise<void>
}

export interface RelaySupervisorOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly maxFrameBytes: number
  readonly lookup?: LookupFunction | undefined
  readonly openSocket: OpenRelaySocket
  /** Whether anybody needs the connection, asked after each loss. */
  readonly wanted: () => boolean
  readonly onUp: () => void
  readonly onFrame: (frame: string) => void
  /** After the loss of a connection, and after each attempt that failed. */
  readonly onDown: (loss: Loss) => void
}

type Line =
  | { readonly state: 'idle' }
  | { readonly state: 'connecting'; readonly socket: RelaySocket }
  | { readonly state: 'open'; readonly socket: RelaySocket; readonly openedAt: number }
  | { readonly state: 'waiting'; readonly failed: boolean; readonly cancel: () => void }

export function createRelaySupervisor(options: RelaySupervisorOptions): RelaySupervisor {
  const { url, clock, log, random, maxFrameBytes, lookup, openSocket, wanted, onUp, onFrame, onDown } = options
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random })
  let line: Line = { state: 'idle' }
  let lastError: string | null = null
  let stopped: Promise<void> | null = null
  let onGone: () => void = () => undefined

  function connect() {
    if (line.state !== 'idle' || stopped) return
    const socket = openSocket({
      url,
      clock,
      maxFrameBytes,
      lookup,
      onOpen: () => opened(socket),
      onFrame,
      onClose: closed,
    })
    line = { state: 'connecting', socket }
  }

  function opened(socket: RelaySocket) {
    line = { state: 'open', socket, openedAt: clock.now() }
    lastError = null
    log.info({ relay: url }, 'relay connected')
    onUp()
  }

  function closed(loss: Loss) {
    const failed = line.state !== 'open'
    if (line.state === 'open' && clock.now() - line.openedAt >= STEADY_MS) backOff.reset()
    // A relay that stays away is told of once, not at each attempt.
    const level = lastError === null && !stopped ? 'warn' : 'debug'
    lastError = loss.reason
    if (stopped) line = { state: 'idle' }
    // Also where nobody wants it now: whoever comes back at once must not turn into a loop without a pause.
    else line = { state: 'waiting', failed, cancel: clock.after(backOff.next(), retry) }
    log[level]({ relay: url, reason: loss.reason }, failed ? 'relay not reached' : 'relay lost')
    onDown(loss)
    onGone()
  }

  function retry() {
    line = { state: 'idle' }
    if (wanted()) connect()
  }

  function stop(): Promise<void> {
    stopped ??= new Promise((resolve) => {
      onGone = resolve
      if (line.state === 'connecting' || line.state === 'open') return line.socket.close()
      if (line.state === 'waiting') line.cancel()
      line = { state: 'idle' }
      onDown({ reason: 'stopped', tooBig: false })
      resolve()
    })
    return stopped
  }

  return {
    get connected() {
      return line.state === 'open'
    },
    get down() {
      return line.state === 'waiting' && line.failed
    },
    get lastError() {
      return lastError
    },
    send: (frame) => line.state === 'open' && line.socket.send(frame),
    connect,
    reconnect: (reason) => {
      if (line.state === 'open') line.socket.close(reason)
    },
    stop,
  }
}

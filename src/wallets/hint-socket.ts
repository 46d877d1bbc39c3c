/** How does a wallet's WebSocket stay open? Opened again after each end, asked whether it lives, and never believed: hints only. */
import { WebSocket } from 'ws'
import { createBackOff } from '../nostr/back-off.js'
import type { Clock, Logger } from '../ports.js'

const HANDSHAKE_MS = 10_000
const PING_EVERY_MS = 25_000
const MAX_BYTES = 1024 * 1024
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000

export interface HintSocket {
  /** True once it is open; false where the first try failed. It is tried again either way. */
  begin(): Promise<boolean>
  /** Idempotent. */
  stop(): void
}

export function createHintSocket(wiring: {
  readonly name: string
  /** ws or wss. May hold a secret: never told. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly certificate?: string
  readonly clock: Clock
  readonly log: Logger
  readonly onMessage: (text: string) => void
  /** After each opening: what was said before was not heard. */
  readonly onOpen: () => void
}): HintSocket {
  const { name, url, clock, log } = wiring
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: Math.random })
  let socket: WebSocket | null = null
  let cancelTimer: (() => void) | null = null
  let stopped = false

  const open = (): Promise<boolean> =>
    new Promise((resolve) => {
      if (stopped) return resolve(false)
      const opened = new WebSocket(url, {
        headers: { ...wiring.headers },
        handshakeTimeout: HANDSHAKE_MS,
        maxPayload: MAX_BYTES,
        perMessageDeflate: false,
        followRedirects: false,
        ...(wiring.certificate === undefined ? {} : { ca: wiring.certificate }),
      })
      socket = opened
      let isAlive = true
      // A connection may be gone and say nothing.
      const ping = (): void => {
        if (!isAlive) return opened.terminate()
        isAlive = false
        opened.ping()
        cancelTimer = clock.after(PING_EVERY_MS, ping)
      }
      opened.on('open', () => {
        cancelTimer = clock.after(PING_EVERY_MS, ping)
        backOff.reset()
        resolve(true)
        if (!stopped) wiring.onOpen()
      })
      opened.on('pong', () => (isAlive = true))
      opened.on('message', (data) => {
        isAlive = true
        const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)
        if (!stopped) wiring.onMessage(bytes.toString('utf8'))
      })
      // What went wrong is told by the end that follows; its message may quote the address.
      opened.on('error', () => undefined)
      opened.on('close', () => {
        cancelTimer?.()
        resolve(false)
        if (stopped) return
        log.warn({ wallet: name }, 'payments are not told')
        cancelTimer = clock.after(backOff.next(), () => void open())
      })
    })

  return {
    begin: open,
    stop() {
      stopped = true
      cancelTimer?.()
      socket?.terminate()
    },
  }
}

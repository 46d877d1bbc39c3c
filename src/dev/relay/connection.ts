/** How do frames come and go? One socket, behind the gate that pauses the relay and the delay that makes it slow. */
import type { WebSocket } from 'ws'
import type { Gate } from './gate.js'
import type { Session } from './session.js'

/** A reader that lets this much pile up is gone: a slow one must not take the relay's memory. */
const MAX_UNREAD_BYTES = 256 * 1024 * 1024

export interface Outgoing {
  send(frame: string): void
  stop(): void
}

/** Frames keep their order, whatever delays them. */
export function createOutgoing(socket: WebSocket, gate: Gate, delayMs: number): Outgoing {
  const timers = new Set<NodeJS.Timeout>()

  function write(frame: string): void {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) socket.terminate()
    else socket.send(frame)
  }

  return {
    send(frame) {
      if (delayMs <= 0) return gate.pass(() => write(frame))
      const timer = setTimeout(() => {
        timers.delete(timer)
        gate.pass(() => write(frame))
      }, delayMs)
      timers.add(timer)
    },
    stop() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}

/** Feeds the session from the socket until the socket closes. */
export function listenTo(socket: WebSocket, session: Session, gate: Gate): void {
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) return socket.close(1003, 'messages are text')
    gate.pass(() => session.receive(data.toString()))
  })
  socket.on('error', () => undefined) // a frame too long, or no WebSocket at all: ws closes the socket, and `close` follows
  socket.on('close', () => session.close())
}

/** What happens next in a simulated world? Virtual time: the earliest appointment is always the next one. */
import TinyQueue from 'tinyqueue'
import type { Millis } from '../../../src/core/identifiers.js'

interface Appointment {
  readonly at: Millis
  /** Of two at one time the first made comes first. */
  readonly number: number
  run: (() => void) | null
}

export interface Agenda {
  now(): Millis
  /** Returns the way to cancel. */
  after(delayMs: number, run: () => void): () => void
  /** Runs the next appointment and everything that follows from it at once; false where there is none. */
  advance(): Promise<boolean>
}

export function createAgenda(start: Millis): Agenda {
  const queue = new TinyQueue<Appointment>([], (a, b) => a.at - b.at || a.number - b.number)
  let now = start
  let made = 0

  return {
    now: () => now,
    after(delayMs, run) {
      const appointment: Appointment = { at: now + Math.max(0, delayMs), number: (made += 1), run }
      queue.push(appointment)
      return () => {
        appointment.run = null
      }
    },
    async advance() {
      for (let next = queue.pop(); next; next = queue.pop()) {
        if (!next.run) continue
        now = Math.max(now, next.at)
        next.run()
        await settled()
        return true
      }
      return false
    },
  }
}

/** Every promise that can be kept without the agenda has been kept: nothing in the simulated world waits for real input. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

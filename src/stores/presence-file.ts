/** What have we announced, and did we take it back? Kept in one small file, so that the next start says the same. */
import { join } from 'node:path'
import type { NostrEvent } from '../core/event.js'
import { isMalformed } from '../core/identifiers.js'
import { createOneAtATime } from '../core/one-at-a-time.js'
import { parseEvent } from '../nostr/event.js'
import type { Logger, PresenceMemory, PresenceRecord } from '../ports.js'
import { readIfThere, writePrivate } from '../system/private-file.js'

export const PRESENCE_FILE = 'presence.json'

export function createPresenceFile(directory: string, log: Logger): PresenceMemory {
  const path = join(directory, PRESENCE_FILE)
  const oneAtATime = createOneAtATime()
  return {
    async read() {
      const text = await readIfThere(path)
      if (text === null) return { retired: false, events: {} }
      const record = parse(text)
      if (record) return record
      // Nothing in it is owed to anybody: what was announced is announced again.
      log.warn({ path }, 'what was announced cannot be read, and is announced anew')
      return { retired: false, events: {} }
    },
    write: (record) => oneAtATime(() => writePrivate(path, `${JSON.stringify(record)}\n`)),
  }
}

function parse(text: string): PresenceRecord | null {
  try {
    const { retired, events } = JSON.parse(text) as { retired?: unknown; events?: Record<string, unknown> }
    if (typeof retired !== 'boolean') return null
    const parsed = Object.entries(events ?? {}).map(([address, event]) => [address, parseEvent(event)] as const)
    const whole = parsed.filter((entry): entry is readonly [string, NostrEvent] => !isMalformed(entry[1]))
    return { retired, events: Object.fromEntries(whole) }
  } catch {
    return null
  }
}

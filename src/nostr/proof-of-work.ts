/** How is work proven by an event of ours? A nonce is sought until the id begins with enough zero bits (NIP-13), in small slices. */
import { hash } from 'node:crypto'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventTemplate } from '../core/event.js'
import type { Millis, Pubkey } from '../core/identifiers.js'

/** What else there is to do waits no longer than this. */
const SLICE_MS = 4
/** The time is looked at after so many bytes were hashed. */
const BYTES_BETWEEN = 256 * 1_024
const NONCE_DIGITS = 16

/**
 * The template with a nonce tag that commits to `bits`, in place of one it had; null where none was found in time. The id that was
 * sought is that of the event by this author with these very facts: nothing of it may be changed before it is signed.
 */
export async function proveWork(
  author: Pubkey,
  template: EventTemplate,
  { bits, withinMs, now }: { readonly bits: number; readonly withinMs: Millis; readonly now: () => Millis },
): Promise<EventTemplate | null> {
  const { bytes, at } = serialise(author, template, bits)
  const between = Math.max(1, Math.floor(BYTES_BETWEEN / (bytes.length + 512)))
  const until = now() + withinMs
  let nonce = 0
  while (now() <= until) {
    const sliceEnd = now() + SLICE_MS
    do {
      for (let tried = 0; tried < between; tried += 1, nonce += 1) {
        bytes.write(String(nonce).padStart(NONCE_DIGITS, '0'), at, 'latin1')
        if (beginsWithZeros(hash('sha256', bytes, 'buffer'), bits)) return withNonce(template, nonce, bits)
      }
    } while (now() < sliceEnd)
    await nextTurn()
  }
  return null
}

function withNonce(template: EventTemplate, nonce: number, bits: number): EventTemplate {
  const tags = template.tags.filter(([name]) => name !== 'nonce')
  return { ...template, tags: [...tags, ['nonce', String(nonce).padStart(NONCE_DIGITS, '0'), String(bits)]] }
}

/** What the id is the hash of (NIP-01), and where the digits of the nonce stand in it. */
function serialise(author: Pubkey, template: EventTemplate, bits: number): { bytes: Buffer; at: number } {
  const { created_at, kind, tags, content } = withNonce(template, 0, bits)
  const bytes = Buffer.from(JSON.stringify([0, author, created_at, kind, tags, content]))
  const afterTags = Buffer.byteLength(JSON.stringify(content)) + 1
  const tail = `","${bits}"]],`
  return { bytes, at: bytes.length - afterTags - tail.length - NONCE_DIGITS }
}

function beginsWithZeros(digest: Uint8Array, bits: number): boolean {
  const whole = bits >> 3
  for (let index = 0; index < whole; index += 1) if (digest[index] !== 0) return false
  return (bits & 7) === 0 || (digest[whole] ?? 0) >> (8 - (bits & 7)) === 0
}

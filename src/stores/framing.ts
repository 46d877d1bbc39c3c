/** Is this line of the store whole? Each begins with a checksum; a torn end is told apart from damage. */
import { crc32 } from 'node:zlib'
import { TollbridgeError } from '../core/errors.js'
import type { DiskFile } from './disk.js'
import { readLines } from './lines.js'

/** Eight hex digits of CRC-32 over the JSON text, and a blank. */
const HEAD_BYTES = 9

/** Collects framed lines in one growing buffer, so that a flush is one write. */
export interface FrameBuffer {
  add(json: string): void
  /** Valid until the next `add` or `clear`. */
  bytes(): Buffer
  clear(): void
}

const KEEP_BYTES = 1024 * 1024

export function createFrameBuffer(): FrameBuffer {
  let buffer = Buffer.allocUnsafeSlow(64 * 1024)
  let used = 0
  return {
    add(json) {
      const needed = used + HEAD_BYTES + json.length * 3 + 1
      if (needed > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(needed * 2)
        buffer.copy(larger, 0, 0, used)
        buffer = larger
      }
      const from = used + HEAD_BYTES
      const end = from + buffer.write(json, from, 'utf8')
      const head = crc32(buffer.subarray(from, end)).toString(16).padStart(8, '0')
      buffer.write(`${head} `, used, 'latin1')
      buffer[end] = 10
      used = end + 1
    },
    bytes: () => buffer.subarray(0, used),
    clear() {
      used = 0
      if (buffer.length > KEEP_BYTES) buffer = Buffer.allocUnsafeSlow(64 * 1024)
    },
  }
}

/** The JSON text of a framed line, or null where the checksum does not fit. */
function openFrame(line: Buffer): string | null {
  if (line.length <= HEAD_BYTES || line[HEAD_BYTES - 1] !== 32) return null
  const head = line.toString('latin1', 0, HEAD_BYTES - 1)
  if (!/^[0-9a-f]{8}$/.test(head) || parseInt(head, 16) !== crc32(line.subarray(HEAD_BYTES))) return null
  return line.toString('utf8', HEAD_BYTES)
}

export const corruptLine = (path: string, line: number, why: string, cause?: unknown): TollbridgeError =>
  new TollbridgeError('store-corrupt', `${path} line ${line}: ${why}`, { cause })

export interface ReadFrames {
  /** Offset after the last whole line: what follows is the torn end of a write that nobody was told of. */
  readonly end: number
  /** Whether anything follows. */
  readonly torn: boolean
}

/**
 * Reads every line, in order. A write cut short by a crash leaves half a line at the end, and after a power cut perhaps holes of
 * zero bytes before it: that end is left out. Anything else that does not fit its checksum was whole once and is damage.
 * @throws TollbridgeError `store-corrupt`, naming file and line.
 */
export async function readFrames(file: DiskFile, path: string, onJson: (value: unknown) => void): Promise<ReadFrames> {
  let bad: { start: number; number: number; holes: boolean } | null = null
  const rest = await readLines(file, ({ bytes, number, start }) => {
    const json = openFrame(bytes)
    if (json === null) {
      bad ??= { start, number, holes: false }
      bad.holes ||= bytes.includes(0)
      return
    }
    if (bad) throw corruptLine(path, bad.number, 'the line does not fit its checksum')
    try {
      onJson(JSON.parse(json))
    } catch (cause) {
      if (cause instanceof TollbridgeError) throw cause
      throw corruptLine(path, number, 'the record cannot be read', cause)
    }
  })
  const first = bad as { start: number; number: number; holes: boolean } | null
  if (first === null) return { end: rest.start, torn: rest.bytes.length > 0 }
  if (!first.holes && !rest.bytes.includes(0))
    throw corruptLine(path, first.number, 'the line does not fit its checksum')
  return { end: first.start, torn: true }
}

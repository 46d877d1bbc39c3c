/** Where do the lines of a file begin and end? Forwards in large steps, or backwards from the newest. */
import type { DiskFile } from './disk.js'

const STEP_BYTES = 1024 * 1024
const BACK_BYTES = 256 * 1024
const NEWLINE = 10

export interface Line {
  /** Without the newline. Valid during the call only. */
  readonly bytes: Buffer
  /** Counted from 1. */
  readonly number: number
  /** Offset of its first byte. */
  readonly start: number
}

/** Calls back for every complete line; returns what follows the last newline. */
export async function readLines(file: DiskFile, onLine: (line: Line) => void): Promise<Line> {
  let buffer = Buffer.allocUnsafeSlow(STEP_BYTES)
  let number = 1
  let start = 0
  /** Bytes at the front of the buffer that no newline has ended yet. */
  let rest = 0
  for (let position = 0; ;) {
    if (rest === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2)
    const count = await file.read(buffer.subarray(rest), position)
    if (count === 0) return { bytes: buffer.subarray(0, rest), number, start }
    position += count
    const bytes = buffer.subarray(0, rest + count)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE, rest); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      onLine({ bytes: bytes.subarray(from, end), number, start })
      start += end + 1 - from
      number++
      from = end + 1
    }
    bytes.copyWithin(0, from)
    rest = bytes.length - from
  }
}

/** Yields complete lines from the last to the first; what follows the last newline is left out. */
export async function* readLinesBackwards(file: DiskFile): AsyncGenerator<Buffer> {
  let position = await file.size()
  let tail: Buffer = Buffer.alloc(0)
  let complete = false
  while (position > 0) {
    const length = Math.min(BACK_BYTES, position)
    position -= length
    const bytes = Buffer.concat([await readExactly(file, position, length), tail])
    let end = bytes.length
    for (let at = bytes.lastIndexOf(NEWLINE); at !== -1; at = at === 0 ? -1 : bytes.lastIndexOf(NEWLINE, at - 1)) {
      if (complete && end > at + 1) yield bytes.subarray(at + 1, end)
      complete = true
      end = at
    }
    tail = Buffer.from(bytes.subarray(0, end))
  }
  if (complete && tail.length > 0) yield tail
}

async function readExactly(file: DiskFile, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let count = 0
  while (count < length) {
    const read = await file.read(bytes.subarray(count), position + count)
    if (read === 0) break // shortened meanwhile
    count += read
  }
  return bytes.subarray(0, count)
}

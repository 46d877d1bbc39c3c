/** Where does a line end in a stream of bytes? Pieces may end anywhere, within a character too. */

export interface LineSplitter {
  /** The lines that have become whole, without blank ones; `tooLong` where one has passed the cap. */
  push(chunk: Uint8Array): readonly string[] | 'tooLong'
  /** What stands behind the last end of line. */
  rest(): readonly string[]
  readonly overflowed: boolean
}

export function createLineSplitter(maxBytes: number): LineSplitter {
  let pending: Uint8Array[] = []
  let size = 0
  let overflowed = false

  function take(): readonly string[] {
    const line = Buffer.concat(pending).toString('utf8').trim()
    pending = []
    size = 0
    return line === '' ? [] : [line]
  }

  return {
    get overflowed() {
      return overflowed
    },
    push(chunk) {
      const lines: string[] = []
      let from = 0
      for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
        pending.push(chunk.subarray(from, end))
        size += end - from
        if (size > maxBytes) break
        lines.push(...take())
        from = end + 1
      }
      if (size <= maxBytes) {
        pending.push(chunk.subarray(from))
        size += chunk.length - from
      }
      overflowed = size > maxBytes
      return overflowed ? 'tooLong' : lines
    },
    rest: take,
  }
}

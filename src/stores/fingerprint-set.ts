/** Was this id ever here? Millions of 32-byte ids in memory, 16 bytes of each, without an object per entry. */

/** The first 128 bits of an id. Two different ids share them only if somebody does 2^64 hashes to make two of their own. */
export type Fingerprint = readonly [number, number, number, number]

/** Expects at least 32 hex digits. */
export const fingerprintOf = (hex: string): Fingerprint => [word(hex, 0), word(hex, 8), word(hex, 16), word(hex, 24)]

const word = (hex: string, at: number): number => parseInt(hex.slice(at, at + 8), 16) >>> 0

const SHARDS = 64
const FIRST_SLOTS = 16

/** Open addressing over 32-bit words. Ids are hashes already, so their own bits spread them. */
export class FingerprintSet {
  // Many small tables: growing one takes microseconds where growing one large table would hold up the loop.
  readonly #shards: Shard[] = Array.from({ length: SHARDS }, () => ({
    words: new Uint32Array(FIRST_SLOTS * 4),
    used: 0,
  }))
  #size = 0
  /** Zeros mark an empty slot, so this one entry stands apart. */
  #zero = false

  get size(): number {
    return this.#size
  }

  has(fingerprint: Fingerprint): boolean {
    const { words } = this.#shardOf(fingerprint)
    return isZero(fingerprint) ? this.#zero : holds(words, slotFor(words, fingerprint))
  }

  /** False where it was there already. */
  add(fingerprint: Fingerprint): boolean {
    if (this.has(fingerprint)) return false
    this.#size++
    if (isZero(fingerprint)) return (this.#zero = true)
    const shard = this.#shardOf(fingerprint)
    const slot = slotFor(shard.words, fingerprint)
    shard.words.set(fingerprint, slot)
    shard.used++
    if (shard.used * 4 > (shard.words.length / 4) * 3) grow(shard)
    return true
  }

  *values(): Iterable<Fingerprint> {
    if (this.#zero) yield [0, 0, 0, 0]
    for (const { words } of this.#shards) yield* entriesOf(words)
  }

  #shardOf([first]: Fingerprint): Shard {
    return this.#shards[first % SHARDS] as Shard
  }
}

interface Shard {
  words: Uint32Array
  used: number
}

const isZero = ([a, b, c, d]: Fingerprint): boolean => (a | b | c | d) === 0

/** The slot that holds the fingerprint, or the empty one where it belongs. */
function slotFor(words: Uint32Array, [a, b, c, d]: Fingerprint): number {
  const mask = words.length - 1
  let at = (b * 4) & mask & ~3
  while (holds(words, at)) {
    if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) return at
    at = (at + 4) & mask
  }
  return at
}

const holds = (words: Uint32Array, at: number): boolean =>
  words[at] !== 0 || words[at + 1] !== 0 || words[at + 2] !== 0 || words[at + 3] !== 0

function grow(shard: Shard): void {
  const old = shard.words
  shard.words = new Uint32Array(old.length * 2)
  for (const entry of entriesOf(old)) shard.words.set(entry, slotFor(shard.words, entry))
}

function* entriesOf(words: Uint32Array): Iterable<Fingerprint> {
  for (let at = 0; at < words.length; at += 4) {
    if (holds(words, at)) yield [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0]
  }
}

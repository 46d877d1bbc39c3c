/** How long until the next try? */

export interface BackOff {
  /** Milliseconds to wait before the next try. */
  next(): number
  /** The last try went well. */
  reset(): void
}

export interface BackOffOptions {
  readonly firstMs: number
  readonly maxMs: number
  /** In [0, 1). */
  readonly random: () => number
}

/** Doubles from `firstMs` to `maxMs`; between half and all of that, so that many are not retried in step. */
export function createBackOff({ firstMs, maxMs, random }: BackOffOptions): BackOff {
  let tries = 0
  return {
    next: () => {
      const ceiling = Math.min(maxMs, firstMs * 2 ** tries)
      tries += 1
      return ceiling * (0.5 + random() / 2)
    },
    reset: () => {
      tries = 0
    },
  }
}

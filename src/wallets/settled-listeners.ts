/** Who wants to know of payments that arrive? Listeners of one wallet, told of each payment and of each gap. */
import type { SettledIncoming } from '../ports.js'

export interface SettledListeners {
  readonly add: (onSettled: (settled: SettledIncoming) => void, onGap: () => void) => () => void
  readonly tell: (settled: SettledIncoming) => void
  /** Payments may have been missed. */
  readonly gap: () => void
  readonly clear: () => void
}

export function createSettledListeners(): SettledListeners {
  interface Pair {
    readonly onSettled: (settled: SettledIncoming) => void
    readonly onGap: () => void
  }
  const pairs = new Set<Pair>()
  return {
    add(onSettled, onGap) {
      const pair = { onSettled, onGap }
      pairs.add(pair)
      return () => void pairs.delete(pair)
    },
    tell: (settled) => pairs.forEach(({ onSettled }) => onSettled(settled)),
    gap: () => pairs.forEach(({ onGap }) => onGap()),
    clear: () => pairs.clear(),
  }
}

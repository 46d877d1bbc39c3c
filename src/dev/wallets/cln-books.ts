/** In which order were a simulated node's invoices paid? The numbers by which Core Lightning counts payments and changes. */
import type { IncomingPayment } from '../lightning/node.js'
import type { SimulatedNode } from '../lightning/simulated.js'

export interface ClnEntryNumbers {
  readonly label: string
  /** 0 until it is paid. */
  readonly payIndex: number
  /** 0 until it changes. */
  readonly updatedIndex: number
}

export interface ClnBooks {
  /** Invoices of the node itself, oldest first: those of the hold plugin are not among them. */
  ordinary(): IncomingPayment[]
  isHold(paymentHash: string): boolean
  readonly noteHold: (paymentHash: string) => void
  entry(paymentHash: string): ClnEntryNumbers
  /** Oldest first. */
  changedSince(index: number): IncomingPayment[]
  /** The first that was paid after that one, as soon as there is one; null after the time, in seconds. */
  nextPaid(lastPayIndex: number, timeoutSeconds: number): Promise<IncomingPayment | null>
  hasLabel(label: string): boolean
  noteLabel(paymentHash: string, label: string): void
  /** Ends every wait. */
  readonly stop: () => void
}

export function createClnBooks(node: SimulatedNode): ClnBooks {
  const holds = new Set<string>()
  const labels = new Map<string, string>()
  /** In the order of payment; a number is a place in it, counted from one. */
  const paid: string[] = []
  const waiting = new Set<() => void>()

  const isHold = (paymentHash: string): boolean => {
    if (node.lookup(paymentHash)?.preimage === null) holds.add(paymentHash)
    return holds.has(paymentHash)
  }
  const note = ({ paymentHash }: IncomingPayment): void => {
    if (isHold(paymentHash)) return
    paid.push(paymentHash)
    for (const wake of [...waiting]) wake()
  }
  const before = node.incoming().filter(({ state }) => state === 'settled')
  for (const payment of before.sort((a, b) => (a.settledAt ?? 0) - (b.settledAt ?? 0))) note(payment)
  const stops = [node.onSettled(note), node.onAccepted(({ paymentHash }) => void holds.add(paymentHash))]

  const paymentAt = (index: number): IncomingPayment | null => node.lookup(paid[index - 1] ?? '') ?? null

  return {
    ordinary: () =>
      node
        .incoming()
        .filter(({ paymentHash }) => !isHold(paymentHash))
        .reverse(),
    isHold,
    noteHold: (paymentHash) => void holds.add(paymentHash),
    entry(paymentHash) {
      const index = paid.indexOf(paymentHash) + 1
      return { label: labels.get(paymentHash) ?? paymentHash, payIndex: index, updatedIndex: index }
    },
    changedSince: (index) => paid.slice(Math.max(0, index - 1)).flatMap((hash) => node.lookup(hash) ?? []),
    async nextPaid(last, timeoutSeconds) {
      const at = paymentAt(last + 1)
      if (at !== null) return at
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, timeoutSeconds * 1000)
        waiting.add(wake)
      })
      return paymentAt(last + 1)
    },
    hasLabel: (label) => [...labels.values()].includes(label),
    noteLabel: (paymentHash, label) => void labels.set(paymentHash, label),
    stop() {
      for (const stop of stops) stop()
      for (const wake of [...waiting]) wake()
    },
  }
}

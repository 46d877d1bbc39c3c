/** Does the relay answer just now? A closed gate holds what would happen, in order, until it is opened. */

export interface Gate {
  /** Runs at once, or when the gate opens. */
  pass(run: () => void): void
  close(): void
  open(): void
  /** Forgets what is held. */
  clear(): void
}

export function createGate(): Gate {
  let closed = false
  let held: (() => void)[] = []

  function pass(run: () => void): void {
    if (closed) held.push(run)
    else run()
  }

  return {
    pass,
    close() {
      closed = true
    },
    open() {
      const waiting = held
      held = []
      closed = false
      for (const run of waiting) pass(run) // what runs may close the gate again
    },
    clear() {
      held = []
    },
  }
}

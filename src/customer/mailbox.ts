/** In which order is what happens handled? One message at a time, whatever sent it. */
export interface Mailbox<T> {
  post(message: T): void
  /** The oldest message; waits for one. One reader at a time. */
  next(): Promise<T>
}

export function createMailbox<T>(): Mailbox<T> {
  const waiting: T[] = []
  let reader: ((message: T) => void) | null = null
  return {
    post(message) {
      const deliver = reader
      reader = null
      if (deliver) deliver(message)
      else waiting.push(message)
    },
    next() {
      const oldest = waiting.shift()
      if (oldest !== undefined) return Promise.resolve(oldest)
      return new Promise((resolve) => (reader = resolve))
    },
  }
}

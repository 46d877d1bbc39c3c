/** Which ids were seen of late? A set that forgets the oldest half when it is full. */

export interface RecentIds {
  has(id: string): boolean
  add(id: string): void
  delete(id: string): void
}

export function createRecentIds(capacity: number): RecentIds {
  let young = new Set<string>()
  let old = new Set<string>()
  return {
    has: (id) => young.has(id) || old.has(id),
    add(id) {
      if (young.size >= capacity / 2) {
        old = young
        young = new Set()
      }
      young.add(id)
    },
    delete(id) {
      young.delete(id)
      old.delete(id)
    },
  }
}

/** What would the store do if nothing could be lost? The same promises in memory: for tests, and for worlds that end with the process. */
import { TollbridgeError } from '../core/errors.js'
import type { EventId } from '../core/identifiers.js'
import { isOpen, type Job } from '../core/job.js'
import type { Credit, JobStore } from '../ports.js'
import { createClaims } from './claims.js'
import { checkVersion } from './versions.js'

const dayOf = (job: Job): number => Math.floor(job.updatedAt / 86_400_000)

export function createMemoryStore(): JobStore {
  const jobs = new Map<EventId, Job>()
  const archived = new Map<EventId, Job>()
  const archivedHashes = new Set<string>()
  const credits = new Map<string, Credit>()
  const cursors = new Map<string, number>()
  const claims = createClaims([], (hash) => archivedHashes.has(hash))
  let stopped = false

  const checkOpen = (): void => {
    if (stopped) throw new TollbridgeError('store-closed', 'the store is closed')
  }
  const put = (job: Job): void => {
    claims.claim(job)
    for (const hash of claims.given(jobs.get(job.id), job)) claims.remember(hash, job.id)
    jobs.set(job.id, job)
  }
  const has = (id: string): boolean => jobs.has(id as EventId) || archived.has(id as EventId)
  const creditKey = (customer: string, upstream: string): string => `${customer}:${upstream}`

  return {
    async insert(job) {
      checkOpen()
      if (has(job.id)) return 'duplicate'
      put(job)
      return 'inserted'
    },
    async save(job) {
      checkOpen()
      checkVersion(job, jobs.get(job.id), 'save', () => archived.has(job.id))
      put(job)
    },
    note(job) {
      if (stopped) return
      checkVersion(job, jobs.get(job.id), 'note', () => archived.has(job.id))
      put(job)
    },
    get: (id) => jobs.get(id),
    has,
    hasPaymentHash: (hash) => claims.has(hash),
    live: () => jobs.values(),
    async archive(id) {
      checkOpen()
      const job = jobs.get(id)
      if (!job) return
      if (isOpen(job))
        throw new TollbridgeError('impossible-transition', `job ${id} is ${job.state}: not to be archived`)
      for (const hash of claims.hashesOf(job)) archivedHashes.add(hash)
      archived.set(id, job)
      claims.drop(job)
      jobs.delete(id)
    },
    findArchived: async (id) => archived.get(id),
    async listArchived(limit) {
      const newestFirst = [...archived.values()].reverse().sort((a, b) => dayOf(b) - dayOf(a))
      return newestFirst.slice(0, Math.max(0, limit))
    },
    credit: (customer, upstream) => credits.get(creditKey(customer, upstream)),
    putCredit(credit) {
      if (!stopped) credits.set(creditKey(credit.customer, credit.upstream), credit)
    },
    dropCredit(customer, upstream) {
      if (!stopped) credits.delete(creditKey(customer, upstream))
    },
    cursor: (key) => cursors.get(key),
    putCursor(key, seconds) {
      if (!stopped) cursors.set(key, seconds)
    },
    acceptsJobs: () => !stopped,
    flush: async () => undefined,
    async stop() {
      stopped = true
    },
  }
}

/** Whose upstream is gone? A renamed or removed one leaves its invoices unwatched until it is put back: that is said at the start. */
import { isPaid, isUnpaidInvoice } from '../core/job.js'
import type { JobStore, Logger } from '../ports.js'

/** One line for each upstream that stands in saved jobs and not in the configuration. */
export function warnOfOrphans({
  store,
  log,
  upstreams,
}: {
  readonly store: JobStore
  readonly log: Logger
  readonly upstreams: ReadonlySet<string>
}): void {
  const orphans = new Map<string, { unpaid: number; paid: number }>()
  for (const job of store.live()) {
    const paid = isPaid(job)
    if (!job.call || upstreams.has(job.call.upstream) || !(paid || isUnpaidInvoice(job))) continue
    const count = orphans.get(job.call.upstream) ?? { unpaid: 0, paid: 0 }
    count[paid ? 'paid' : 'unpaid'] += 1
    orphans.set(job.call.upstream, count)
  }
  for (const [upstream, jobs] of orphans) {
    log.warn(
      { upstream, ...jobs },
      'jobs of an upstream that is no longer configured: put it back, or they are not served',
    )
  }
}

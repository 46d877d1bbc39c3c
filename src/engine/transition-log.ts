/** What does the log say of a job? One line per transition, from this one place; never a secret, nor what was sealed. */
import type { Job } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import type { Logger } from '../ports.js'

export function logTransition(log: Logger, before: Job, after: Job, fact: Fact): void {
  if (before.state === after.state) return log.debug({ job: after.id, fact: fact.type }, after.state)
  log.info({ job: after.id, from: before.state, ...detailOf(before, fact) }, after.state)
}

/** Until there is a call, details may repeat what the request says: of one that came sealed that is nobody's but its author's. */
export const detailFor = (
  { channel, call }: Pick<Job, 'channel' | 'call'>,
  detail: string | null | undefined,
): object => (channel !== undefined && call === null ? {} : { detail })

function detailOf(before: Job, fact: Fact): object {
  switch (fact.type) {
    case 'refused':
      return { code: fact.rejection.rejected, ...detailFor(before, fact.rejection.detail) }
    case 'invoiced':
      return { amountMsat: fact.offer.amountMsat, sources: fact.offer.sources }
    case 'settled':
      return { source: fact.payment.source }
    case 'funded': {
      const { settleDeadline, blockHeight } = fact.hold ?? {}
      return { source: fact.payment.source, ...(fact.hold ? { settleDeadline, blockHeight } : {}) }
    }
    case 'paid':
      return { feesMsat: fact.feesMsat }
    case 'payRefused':
      return { code: fact.rejection.rejected, detail: fact.rejection.detail }
    case 'lost':
      return { lossMsat: fact.loss.amountMsat }
    case 'owed':
      return { reason: fact.reason }
    default:
      return {}
  }
}

/** What does the log say of a job? One line per transition, from this one place; never a secret: only states, codes and amounts. */
import type { Job } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import type { Logger } from '../ports.js'

export function logTransition(log: Logger, before: Job, after: Job, fact: Fact): void {
  if (before.state === after.state) return log.debug({ job: after.id, fact: fact.type }, after.state)
  log.info({ job: after.id, from: before.state, ...detailOf(fact) }, after.state)
}

function detailOf(fact: Fact): object {
  switch (fact.type) {
    case 'refused':
      return { code: fact.rejection.rejected, detail: fact.rejection.detail }
    case 'invoiced':
      return { amountMsat: fact.offer.amountMsat, sources: fact.offer.sources }
    case 'settled':
      return { source: fact.payment.source }
    default:
      return {}
  }
}

/** Did everybody keep what is theirs where our own wallet pays? What must be true of held payments, and of money that passed through us. */
import { isLate, isPaid, type Job } from '../../../src/core/job.js'
import type { SimulatedLightning } from './lightning.js'
import type { OwnInvoice } from './own-invoices.js'
import { refundAddressOf } from './refunds.js'
import { judgeOwed, judgeServed, judgeUnpaid, upstreamHashOf, type Claim, type Rested, type Said } from './verdict.js'

interface Case {
  readonly rested: Rested
  readonly lightning: SimulatedLightning
  readonly job: Job
  readonly said: Said
  readonly claim: Claim
}

/** How the job ended. */
export function judgePurchase(found: Case): string {
  const { rested, lightning, job, said, claim } = found
  for (const [paymentHash, times] of lightning.payments.asked) {
    claim(times <= 1, `the wallet was asked ${times} times to pay one invoice`)
    const paid = lightning.payments.of(paymentHash)
    const ours = 'offer' in job && job.offer && upstreamHashOf(job) === paymentHash
    claim(!paid || !ours || isPaid(job), 'the upstream was paid, and no customer had paid us')
  }
  const invoice = said.offers.map(({ bolt11 }) => lightning.invoices.byBolt11(bolt11))[0]
  if (!invoice || invoice.paidAt === null) {
    claim(!isPaid(job), `nobody has paid us, and the job is ${job.state}`)
    return judgeUnpaid(rested, job, said, claim)
  }
  return invoice.preimage === null ? judgeHeld(found, invoice) : judgeResold(found, invoice)
}

const isUpstreamPaid = ({ rested: { gate }, job }: Case): boolean =>
  'offer' in job && job.offer !== undefined && gate.charges.get(upstreamHashOf(job))?.settledAt != null

function judgeHeld(found: Case, invoice: OwnInvoice): string {
  const { job, claim, lightning } = found
  const loss = isPaid(job) && 'loss' in job ? job.loss : undefined
  if (isUpstreamPaid(found)) {
    claim(invoice.endedBy !== 'cancel', 'a payment that went through was called failed: the hold was given back')
    if (invoice.endedBy === 'settle') claim(loss === undefined, 'a loss was recorded of a hold that was settled')
    else
      claim(loss !== undefined, `the upstream is paid, the hold ended by ${invoice.endedBy}, and no loss is recorded`)
    claim(loss === undefined || mayLose(found), 'the hold was lost although there was time to settle it')
    return `${judgePaid(found)}${loss ? ', at a loss' : ''}`
  }
  claim(invoice.endedBy !== 'settle', 'the customer was charged, and the upstream never paid')
  claim(loss === undefined, 'a loss was recorded, and nothing was paid')
  if (!isPaid(job)) {
    // Called expired by the wallet before it was seen to be accepted: nobody can tell, and it went back by itself.
    claim(isLate(job), `a payment is held, and the job is ${job.state}`)
    const wasGone = invoice.endedBy === 'fault' || lightning.purchase.rush !== null
    claim(lightning.purchase.saysExpired || wasGone, 'a held payment was never noticed')
    return `${job.state}, and the hold was never seen`
  }
  claim(invoice.endedBy !== 'deadline' || mayLose(found), 'a held payment that was of no use was not given back')
  claim(job.state === 'refunded', `the hold was given back, and the job is ${job.state}`)
  return judgeReturned(found)
}

function judgeResold(found: Case, invoice: OwnInvoice): string {
  const { rested, job, said, claim, lightning } = found
  claim(isPaid(job), `an invoice of ours was paid, and the job is ${job.state}`)
  const address = refundAddressOf(rested.jobs.indexOf(job.id))
  const sentBack = lightning.refunds.all().filter((refund) => refund.settledAt !== null && refund.address === address)
  if (isUpstreamPaid(found)) {
    claim(sentBack.length === 0, 'a payment that went through was called failed: the money was sent back')
    return judgePaid(found)
  }
  claim(sentBack.length <= 1, `the money was sent back ${sentBack.length} times`)
  const [refund] = sentBack
  if (refund) {
    claim(refund.amountMsat === invoice.amountMsat, 'another amount was sent back than was paid')
    claim(job.state === 'refunded', `the customer has the money back, and the job is ${job.state}`)
    return judgeReturned(found)
  }
  claim(job.state === 'failed', `the money is here, and the job is ${job.state}`)
  if (job.state === 'failed') {
    claim(job.failure.code === 'refund-owed', `failed with ${job.failure.code}, and the money is owed`)
    claim('returned' in job && !job.returned, 'the money is here, and said to have been returned')
  }
  claim(said.results.length === 0 && said.errors.length === 1, 'it was not said, once, that the money is owed')
  return 'owed: refund-owed'
}

/** The upstream is paid: as everywhere, a result, or the credential. */
function judgePaid({ rested, job, said, claim }: Case): string {
  claim(isPaid(job), `the upstream is paid, and the job is ${job.state}`)
  return job.state === 'completed' ? judgeServed(rested, said, claim) : judgeOwed(rested, job, said, claim)
}

function judgeReturned({ job, said, claim }: Case): string {
  claim(said.results.length === 0, 'the money went back, and there is a result')
  const [error, ...others] = said.errors
  claim(others.length === 0, `${others.length + 1} error events`)
  claim(!error?.encrypted, 'nothing was paid, and a credential was sent')
  if (job.state !== 'refunded') return job.state
  claim(error === undefined || error.detail === job.failure.code, 'another reason was told than the one that is stored')
  return `refunded: ${job.failure.code}`
}

/** Only where the world has seen to it: the wallet lost the payment, blocks came all at once, or a limit could not be kept. */
function mayLose({ lightning: { purchase } }: Case): boolean {
  return purchase.vanishesMs !== null || purchase.rush !== null || !purchase.limitsDelay || !purchase.tellsDeadline
}

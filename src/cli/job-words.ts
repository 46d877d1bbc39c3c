/** What do people read of one job? Where it stands, what it cost, what was said and to whom; the whole record is for `--json`. */
import { npubEncode } from 'nostr-tools/nip19'
import { tame } from '../customer/story.js'
import { isOwed, isPaid, type Delivery, type Job } from '../core/job.js'
import { isMoneyOwed } from '../core/refund.js'
import { ledgerOf, lossOf } from '../core/ledger.js'
import type { Millis } from '../core/identifiers.js'

/** Never a secret, nor what the customer or the API said, beyond the target of the call. */
export function wordsOfJob(job: Job): string {
  const facts: [string, string | null][] = [
    ['job', `${job.id}  ${job.state}`],
    ['customer', npubEncode(job.customer)],
    ['came', `${dateOf(job.receivedAt)}, ${wayOf(job)}, heard on ${job.heardOn}`],
    ['changed', dateOf(job.updatedAt)],
    [
      'call',
      job.call && `${job.call.method} ${tame(job.call.target)}  (${job.call.upstream}, route ${job.call.route})`,
    ],
    ['bid', job.bidMsat === null ? null : `${satsOf(job.bidMsat)} at most`],
    ['calls', callsOf(job)],
    ['price', priceOf(job)],
    ['paid', isPaid(job) ? `${dateOf(job.payment.at)}, seen by ${job.payment.source}` : null],
    ['refund', refundOf(job)],
    ['bought', purchaseOf(job)],
    ['held', holdOf(job)],
    ['ledger', ledgerLine(job)],
    ['loss', lossLine(job)],
    ['failure', failureOf(job)],
    ...job.outbox.map((delivery): [string, string] => [delivery.purpose, deliveryOf(delivery)]),
    ['next', nextOf(job)],
  ]
  return facts
    .filter((fact): fact is [string, string] => fact[1] !== null)
    .map(([name, says]) => `${name.padEnd(10)}  ${says}`)
    .join('\n')
}

const dateOf = (at: Millis): string => new Date(at).toISOString()

const satsOf = (msat: number): string => `${msat / 1000} sats`

function wayOf({ channel, kind }: Job): string {
  if (channel?.type === 'encrypted') return `kind ${kind}, encrypted (${channel.scheme})`
  if (channel?.type === 'wrapped') return `kind ${kind}, in a gift wrap`
  if (channel?.type === 'dispatch') return `a dispatch request, ${tame(channel.requestId)}`
  return `kind ${kind}, in the open`
}

function priceOf(job: Job): string | null {
  const offer = 'offer' in job ? job.offer : undefined
  if (!offer) return null
  return `${satsOf(offer.amountMsat)}, invoice until ${dateOf(offer.expiresAt)}, payment hash ${offer.paymentHash}`
}

/** The upstream's invoice behind one of ours. */
function purchaseOf(job: Job): string | null {
  const purchase = 'offer' in job ? job.offer?.purchase : undefined
  if (!purchase) return null
  const { mode, wallet, amountMsat, maxFeeMsat, payee, expiresAt } = purchase
  const terms = `${satsOf(amountMsat)} and at most ${satsOf(maxFeeMsat)} of fees, by ${mode} with the wallet ${wallet}`
  return `${terms}, to ${payee} until ${dateOf(expiresAt)}`
}

function holdOf(job: Job): string | null {
  const hold = 'hold' in job ? job.hold : undefined
  if (!hold) return null
  const { amountMsat, settleDeadline, blockHeight } = hold
  const since = blockHeight === null ? '' : `, accepted at ${blockHeight}`
  const until = settleDeadline === null ? '' : `, until block ${settleDeadline}${since}`
  return `${satsOf(amountMsat)}${until}`
}

function ledgerLine(job: Job): string | null {
  const ledger = ledgerOf(job)
  if (!ledger) return null
  return Object.entries(ledger)
    .filter(([, msat]) => msat !== 0)
    .map(([row, msat]) => `${WORDS[row] ?? row} ${msat === null ? 'not told' : satsOf(msat as number)}`)
    .join(', ')
}
/** What is left may be below zero, or owed: of a markup it says nothing yet. */
const WORDS: Readonly<Record<string, string>> = { routingFee: 'routing fee', markup: 'left' }

function lossLine(job: Job): string | null {
  const loss = lossOf(job)
  return loss ? `${satsOf(loss.amountMsat)} on ${dateOf(loss.at)}: ${tame(loss.reason)}` : null
}

function callsOf(job: Job): string | null {
  if (!('calls' in job) || job.calls.tries === 0) return null
  const { tries, retryAt } = job.calls
  return `${tries} so far${retryAt === 0 ? '' : `, the next not before ${dateOf(retryAt)}`}`
}

function refundOf(job: Job): string | null {
  if (!('refund' in job) || !job.refund) return null
  const { amountMsat, paymentHash, tries, spent } = job.refund
  if (spent) return `${satsOf(amountMsat)} went back ${dateOf(spent.at)}, payment hash ${paymentHash}`
  return `${satsOf(amountMsat)}, ${tries} tries so far`
}

function failureOf(job: Job): string | null {
  if (!('failure' in job)) return null
  const { code, detail, httpStatus } = job.failure
  return [code, httpStatus === null ? '' : ` (HTTP ${httpStatus})`, detail === null ? '' : `: ${tame(detail)}`].join('')
}

/** The event, then what each relay says of it. */
function deliveryOf({ eventId, relays }: Delivery): string {
  const verdicts = Object.entries(relays).map(([relay, verdict]) => `${''.padEnd(12)}${relay}  ${tame(verdict)}`)
  return [`event ${eventId}`, ...verdicts].join('\n')
}

/** What the operator can do; null where there is nothing to be done. */
function nextOf(job: Job): string | null {
  if (isMoneyOwed(job))
    return `the money is owed: tollbridge jobs refund ${job.id}, with --to INVOICE_OR_ADDRESS where the job names no place`
  if (isOwed(job)) return `it is paid and not served: tollbridge jobs retry ${job.id}`
  const result = job.outbox.find(({ purpose, event }) => purpose === 'result' && event !== null)
  return result ? `to send the result again: tollbridge jobs redeliver ${job.id}` : null
}

/** What do people read of one job? Where it stands, what it cost, what was said and to whom; the whole record is for `--json`. */
import { npubEncode } from 'nostr-tools/nip19'
import { tame } from '../customer/story.js'
import { isOwed, isPaid, type Delivery, type Job } from '../core/job.js'
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

function callsOf(job: Job): string | null {
  if (!('calls' in job) || job.calls.tries === 0) return null
  const { tries, retryAt } = job.calls
  return `${tries} so far${retryAt === 0 ? '' : `, the next not before ${dateOf(retryAt)}`}`
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
  if (isOwed(job)) return `it is paid and not served: tollbridge jobs retry ${job.id}`
  const result = job.outbox.find(({ purpose, event }) => purpose === 'result' && event !== null)
  return result ? `to send the result again: tollbridge jobs redeliver ${job.id}` : null
}

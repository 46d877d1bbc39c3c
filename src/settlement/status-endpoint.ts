/** Does the upstream's own status endpoint say that it was paid? Polled within one budget per origin, shared by all open jobs. */
import { setMaxListeners } from 'node:events'
import TinyQueue from 'tinyqueue'
import { isMalformed, parsePreimage, parseTokenSuffix, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { CredentialKey } from '../core/job.js'
import type { Clock, Logger, UpstreamClient } from '../ports.js'
import type { RequestBudget } from './request-budget.js'
import type { PreimageSource, Targets, WatchTarget } from './watch.js'

const FIRST_DELAY_MS = 500
const MAX_DELAY_MS = 30_000
const LATE_DELAY_MS = 30 * 60_000
const BACK_OFF = 1.5
const MAX_IN_FLIGHT = 16
const TICK_MS = 50
const MAX_STATUS_BYTES = 65_536
const MOST_STALE = 100

interface Poll {
  readonly target: WatchTarget
  readonly path: string
  dueAt: Millis
  delayMs: number
}

/** What a status endpoint answered. `paid` without a key is a promise of one: it is asked again. */
export type StatusAnswer =
  { readonly type: 'paid'; readonly key: CredentialKey } | { readonly type: 'unpaid' } | { readonly type: 'gone' }

/**
 * Understands `{paid|settled, preimage?, token_suffix?}`. Anything else is unpaid: an outage looks the same, and so does a 404 while a
 * server is being replaced. Only 410 says that it will never know.
 */
export function parseStatusAnswer(status: number, body: Uint8Array): StatusAnswer {
  if (status === 410) return { type: 'gone' }
  if (status !== 200) return { type: 'unpaid' }
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    return { type: 'unpaid' }
  }
  if (typeof value !== 'object' || value === null) return { type: 'unpaid' }
  const { paid, settled, preimage, token_suffix } = value as Record<string, unknown>
  // A preimage alone is not a payment: some servers show it before one.
  if (paid !== true && settled !== true) return { type: 'unpaid' }
  const known = parsePreimage(typeof preimage === 'string' ? preimage.toLowerCase() : preimage)
  if (!isMalformed(known)) return { type: 'paid', key: { kind: 'preimage', value: known } }
  const suffix = parseTokenSuffix(token_suffix)
  return isMalformed(suffix) ? { type: 'unpaid' } : { type: 'paid', key: { kind: 'suffix', value: suffix } }
}

/** One of these per upstream; upstreams of one origin share its budget. */
export function createStatusEndpoint(wiring: {
  readonly client: UpstreamClient
  readonly targets: Targets
  readonly budget: RequestBudget
  readonly clock: Clock
  readonly log: Logger
}): PreimageSource {
  const { client, targets, budget, clock, log } = wiring
  const polls = new Map<PaymentHash, Poll>()
  const waiting = new TinyQueue<Poll>([], (a, b) => a.dueAt - b.dueAt)
  // Among those that are due the newest goes first, and so does one that soon expires.
  const urgency = ({ target }: Poll, now: Millis): number =>
    Math.min(now - target.offeredAt, Math.abs(target.expiresAt - now))
  const byUrgency = (a: { urgency: number }, b: { urgency: number }): number => a.urgency - b.urgency
  let ready = new TinyQueue<{ poll: Poll; urgency: number }>([], byUrgency)
  const stopped = new AbortController()
  setMaxListeners(0, stopped.signal) // one for each request under way, and those are bounded
  let inFlight = 0
  let cancelTick: (() => void) | null = null

  const isCurrent = (poll: Poll): boolean => polls.get(poll.target.paymentHash) === poll

  function scheduleTick(): void {
    const nextAt = ready.length > 0 ? budget.quietUntil : waiting.peek()?.dueAt
    if (cancelTick || stopped.signal.aborted || polls.size === 0 || nextAt === undefined) return
    cancelTick = clock.after(Math.min(Math.max(TICK_MS, nextAt - clock.now()), 1_000), tick)
  }

  function tick(): void {
    cancelTick = null
    const now = clock.now()
    for (let poll = waiting.peek(); poll && poll.dueAt <= now; poll = waiting.peek()) {
      waiting.pop()
      if (isCurrent(poll)) ready.push({ poll, urgency: urgency(poll, now) })
    }
    // Newer ones may go first for ever: those that nobody watches any more must not gather behind them.
    if (ready.length > 2 * polls.size + MOST_STALE) {
      ready = new TinyQueue(
        ready.data.filter(({ poll }) => isCurrent(poll)),
        byUrgency,
      )
    }
    while (ready.length > 0 && inFlight < MAX_IN_FLIGHT) {
      const next = ready.peek()
      if (next && isCurrent(next.poll)) {
        if (!budget.take()) break
        void ask(next.poll)
      }
      ready.pop()
    }
    scheduleTick()
  }

  function again(poll: Poll): void {
    if (!isCurrent(poll)) return
    poll.dueAt = clock.now() + poll.delayMs
    poll.delayMs = poll.target.pace === 'late' ? LATE_DELAY_MS : Math.min(MAX_DELAY_MS, poll.delayMs * BACK_OFF)
    waiting.push(poll)
    scheduleTick()
  }

  async function ask(poll: Poll): Promise<void> {
    const { target, path } = poll
    inFlight += 1
    const headers = { accept: 'application/json' }
    const outcome = await client.send(
      { method: 'GET', target: path, headers, body: null, maxBytes: MAX_STATUS_BYTES },
      stopped.signal,
    )
    inFlight -= 1
    if (stopped.signal.aborted) return
    if (outcome.type !== 'response') return again(poll)
    if (outcome.status === 429 || outcome.status === 503) {
      budget.quiet(outcome.headers['retry-after']?.[0])
      return again(poll)
    }
    const answer = parseStatusAnswer(outcome.status, outcome.body)
    if (answer.type === 'paid') targets.report(target.paymentHash, { key: answer.key, source: 'statusEndpoint' })
    // A key that fits has ended the watch by now; one that does not fit proves nothing, and the truth may still come.
    if (answer.type !== 'gone') return again(poll)
    if (!isCurrent(poll)) return
    polls.delete(target.paymentHash)
    log.info({ job: target.jobId }, 'status endpoint knows the invoice no more')
  }

  return {
    name: 'statusEndpoint',
    watch(target) {
      polls.delete(target.paymentHash)
      if (target.pace === 'proofOnly' || target.upstream !== client.name || !target.sources.includes('statusEndpoint'))
        return
      const path = client.sameOriginTarget(target.statusUrl ?? '')
      if (target.statusUrl === null || path === null) return
      const delayMs = target.pace === 'late' ? LATE_DELAY_MS : FIRST_DELAY_MS
      // Soon, at whatever pace: a payment that was found just before a crash must not wait for the next slow round.
      const poll = { target, path, delayMs, dueAt: clock.now() + FIRST_DELAY_MS }
      polls.set(target.paymentHash, poll)
      waiting.push(poll)
      scheduleTick()
    },
    unwatch(paymentHash) {
      polls.delete(paymentHash)
    },
    stop() {
      stopped.abort()
      cancelTick?.()
      polls.clear()
    },
  }
}

/** When may an upstream call be sent? The rule that quoting and fetching share: announced, saved, and sent once. */
import { openedRequest } from '../core/arrival.js'
import { rejection } from '../core/errors.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Attempt, Fetching, Job, JobOutput, Quoting } from '../core/job.js'
import { withKept } from '../core/job-input.js'
import { mayRepeat, type Route } from '../core/route.js'
import type { Fact } from '../core/transition.js'
import { parseJobRequest } from '../nostr/kinds/job-request.js'
import type { UpstreamOutcome } from '../ports.js'
import { pauseUntil, type Pause, type StepContext, type UpstreamBinding } from './context.js'

const MAX_RETRY_MS = 5 * 60_000
const MAX_INTERRUPTIONS = 30

export interface Place {
  readonly binding: UpstreamBinding
  readonly route: Route
}

/** Where the job's call goes; null when the operator has taken the upstream or route out of the configuration. */
export function placeOf({ upstreams }: StepContext, job: Quoting | Fetching): Place | null {
  const binding = upstreams.get(job.call.upstream)
  const route = binding?.settings.routes.find(({ name }) => name === job.call.route)
  return binding && route ? { binding, route } : null
}

/** Whether this run has announced a call and not begun it: certainly unsent. */
export const isUnbegun = ({ run, begun }: Pick<StepContext, 'run' | 'begun'>, attempt: Attempt | null): boolean =>
  attempt !== null && attempt.run === run && !begun.has(attempt)

/** What takes back an announcement that was certainly not acted on; null where there is none. */
export function unsentFact(context: StepContext, job: Job): Fact | null {
  if (job.state === 'paying') return isUnbegun(context, job.spending.attempt) ? { type: 'unsent' } : null
  if ((job.state !== 'quoting' && job.state !== 'fetching') || !isUnbegun(context, job.calls.attempt)) return null
  return { type: 'attemptFailed', retryAt: 0, outcomeUnknown: false, why: 'deferred' }
}

/** Null when the call may be sent now; otherwise what to do instead. */
export function beforeCall(context: StepContext, job: Quoting | Fetching, route: Route): Fact | Pause | null {
  const { attempt, retryAt } = job.calls
  if (attempt === null) {
    if (context.clock.now() < retryAt) return pauseUntil(retryAt)
    return { type: 'attempting', attempt: { run: context.run } }
  }
  // ORDER: the announcement was saved before this point. One that another run made, or that this run has already acted on,
  // was interrupted: its call may have taken effect.
  if (isUnbegun(context, attempt)) {
    context.begun.add(attempt)
    return null
  }
  if (job.calls.breakages >= MAX_INTERRUPTIONS) {
    // A call whose answer ends the process would otherwise end it for ever.
    const code = job.state === 'fetching' ? 'upstream-failed' : 'upstream-unavailable'
    return { type: 'refused', rejection: rejection(code, `interrupted ${job.calls.breakages} times`) }
  }
  const withCredential = job.state === 'fetching' || attempt.withCredit === true
  if (mayRepeat(route, job.call, withCredential))
    return { type: 'attemptFailed', retryAt: 0, outcomeUnknown: true, why: 'broken' }
  return { type: 'refused', rejection: rejection('outcome-unknown', 'interrupted while the call was under way') }
}

/** Exponential, so that a broken upstream is not hammered; a Retry-After is honoured within reason. */
export function retryAt(context: StepContext, tries: number, retryAfter: string | undefined = undefined): Millis {
  const asked = Number(retryAfter)
  const wait = Number.isFinite(asked) && asked > 0 ? Math.min(asked, 3_600) * 1_000 : 0
  const backOff = Math.min(MAX_RETRY_MS, context.settings.retryMs * 2 ** Math.min(tries - 1, 20))
  return context.clock.now() + Math.max(wait, backOff)
}

export const headerOf = (outcome: Extract<UpstreamOutcome, { type: 'response' }>, name: string): string | undefined =>
  outcome.headers[name]?.[0]

/**
 * What the answer comes to in HTTP. A gate that takes a call for gRPC hides its refusals behind a 200 (L402 §gRPC): status 13 wants to be
 * paid, 8 wants patience.
 */
export function statusOf(outcome: Extract<UpstreamOutcome, { type: 'response' }>): number {
  const code = headerOf(outcome, 'grpc-status')
  if (code === undefined || code === '0' || outcome.status !== 200) return outcome.status
  return code === '13' ? 402 : code === '8' ? 429 : 502
}

function isOutput(value: unknown): value is JobOutput {
  if (typeof value !== 'object' || value === null) return false
  const { content, encoding, contentType, httpStatus } = value as Record<string, unknown>
  if (typeof content !== 'string' || !Number.isInteger(httpStatus)) return false
  return (encoding === 'text' || encoding === 'base64') && (contentType === null || typeof contentType === 'string')
}

/** What the handler makes of the answer. Handlers are user code: one that fails costs the answer its translation only. */
export function outputOf(
  context: StepContext,
  job: Quoting | Fetching,
  outcome: Extract<UpstreamOutcome, { type: 'response' }>,
): JobOutput {
  const contentType = headerOf(outcome, 'content-type') ?? null
  const response = { status: outcome.status, contentType, body: outcome.body }
  const parsed = parseJobRequest(openedRequest(job))
  const request = isMalformed(parsed) ? parsed : withKept(parsed, job)
  const handler = context.handlers.get(job.kind)
  if (handler && !isMalformed(request)) {
    try {
      const output: unknown = handler.toOutput(response, request)
      if (isOutput(output)) return output
      context.log.error({ job: job.id }, 'handler made no output')
    } catch (error) {
      context.log.error({ job: job.id, reason: error instanceof Error ? error.name : 'unknown' }, 'handler threw')
    }
  }
  // ORDER: the answer was paid for and may not be had again, so it is passed on as it came.
  const content = Buffer.from(outcome.body).toString('base64')
  return { content, encoding: 'base64', contentType, httpStatus: outcome.status }
}

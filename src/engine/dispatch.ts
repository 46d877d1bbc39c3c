/** What does another agent want of us? Reads its messages, and makes a job of each task that we offer (PROTOCOL.md §Dispatch). */
import type { Arrival, Channel } from '../core/arrival.js'
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { Rumor } from '../core/event.js'
import { isMalformed, type EventId, type Millis, type Preimage, type Pubkey } from '../core/identifiers.js'
import { NO_CALLS, type Delivery } from '../core/job.js'
import type { Upstream } from '../core/route.js'
import { JOB_REQUEST_KIND } from '../nostr/kinds/job-request.js'
import { buildAcceptance, MODE_TAG } from '../nostr/kinds/dispatch-answer.js'
import { parseDispatch, parseJsonObject, type DispatchMessage, type DispatchRequest } from '../nostr/kinds/dispatch.js'
import {
  FIELD_MAX_AGE_MS,
  FIELD_MAX_AHEAD_MS,
  fieldTypeOf,
  parseFieldTask,
  type FieldTask,
} from '../nostr/kinds/field-dispatch.js'
import type { Clock } from '../ports.js'
import type { StepContext } from '../steps/context.js'
import { answerJob } from '../steps/delivery.js'
import { createRecentIds } from './recent-ids.js'
import { assignTask, type Assignment, type PromptTask } from './tasks.js'

/** Nothing that is paid for is done in less: an invoice must be asked for, shown, paid and its payment learned. */
const LEAST_TIME_MS: Millis = 10_000
const KEPT_REQUESTS = 20_000

export interface Dispatch {
  /** A message whose author is proven. False where it is none that an agent is answered. */
  receive(rumor: Rumor, heardOn: string): boolean
  /** The job that was made of a request, where it is known. */
  remember(customer: Pubkey, requestId: string, jobId: EventId): void
}

interface Task {
  readonly dialect: Extract<Channel, { type: 'dispatch' }>['dialect']
  readonly requestId: string
  readonly tags: readonly (readonly string[])[]
  readonly assigned: Assignment | Rejection
  /** Seconds since 1970 after which nobody wants it any more. */
  readonly deadline: number | null
}

export function createDispatch(wiring: {
  readonly self: Pubkey
  readonly upstreams: readonly Upstream[]
  readonly tasks: readonly PromptTask[]
  readonly context: () => StepContext
  readonly arrive: (arrival: Arrival, objection: Rejection | null) => void
  readonly cancel: (jobId: EventId, author: Pubkey) => unknown
  /** The author says that it has paid, and with what it learned. */
  readonly prove: (jobId: EventId, preimage: Preimage) => void
  /** The customer has the result: it need not be sent on. */
  readonly acknowledged: (jobId: EventId) => void
  readonly maxAheadMs: Millis
  readonly clock: Clock
}): Dispatch {
  const { self, clock } = wiring
  /** Which job each request became: what agents say later names the request. */
  const requests = new Map<string, EventId>()
  /** Requests that were taken back before they came: wraps arrive in any order. */
  const takenBack = createRecentIds(KEPT_REQUESTS)
  const keyOf = (author: Pubkey, requestId: string) => `${author} ${requestId}`

  function remember(customer: Pubkey, requestId: string, jobId: EventId): void {
    const oldest = requests.keys().next()
    if (requests.size >= KEPT_REQUESTS && !oldest.done) requests.delete(oldest.value)
    requests.set(keyOf(customer, requestId), jobId)
  }

  function receive(rumor: Rumor, heardOn: string): boolean {
    const task = taskOf(rumor)
    if (task) return begin(rumor, task, heardOn)
    const message = parseDispatch(rumor)
    return !isMalformed(message) && hear(rumor, message)
  }

  /** Null for what is no task. One that cannot be read is refused where it can be told which it was. */
  function taskOf(rumor: Rumor): Task | null {
    const type = fieldTypeOf(rumor)
    if (type === 'dispatch-request') {
      const request = parseDispatch(rumor)
      if (isMalformed(request)) return unreadable(rumor, 'tollbridge', request.malformed)
      return request.type === 'dispatch-request' ? ofRequest(request) : null
    }
    if (type !== 'dispatch-think' && type !== 'dispatch-build') return null
    const task = parseFieldTask(rumor)
    return isMalformed(task) ? unreadable(rumor, 'v1', task.malformed) : ofFieldTask(task)
  }

  function ofRequest({ id, task, params, inputs, maxMsat, deadline }: DispatchRequest): Task {
    const assigned = assignTask(wiring, { task, params })
    const tags = [...inputs.map((input) => ['i', ...input]), ['bid', String(maxMsat)]]
    return { dialect: 'tollbridge', requestId: id, tags, assigned, deadline }
  }

  function ofFieldTask({ mode, id, at, prompt }: FieldTask): Task | null {
    const age = clock.now() - at
    if (age > FIELD_MAX_AGE_MS || age < -FIELD_MAX_AHEAD_MS) return null
    const spelledOut = wiring.tasks.some(({ task }) => task === mode)
    const assigned = spelledOut ? assignTask(wiring, { task: mode, params: { prompt } }) : rejection('task-unknown')
    return { dialect: 'v1', requestId: id, tags: [[MODE_TAG, mode]], assigned, deadline: null }
  }

  function objectionTo(author: Pubkey, { requestId, assigned, deadline }: Task): Rejection | null {
    if (takenBack.has(keyOf(author, requestId))) return rejection('cancelled')
    const isLate = deadline !== null && deadline * 1000 < clock.now() + LEAST_TIME_MS
    if (isLate) return rejection('deadline-too-close')
    return isRejection(assigned) ? assigned : null
  }

  function begin(rumor: Rumor, task: Task, heardOn: string): boolean {
    const { dialect, requestId, assigned, deadline } = task
    const earlier = requests.get(keyOf(rumor.pubkey, requestId))
    // Two requests of one name could not be told apart in anything that is said of them.
    if (earlier !== undefined && earlier !== rumor.id) return false
    remember(rumor.pubkey, requestId, rumor.id)
    const objection = objectionTo(rumor.pubkey, task)
    const params = isRejection(assigned) ? {} : assigned.params
    const { id, pubkey, created_at } = rumor
    const tags = [['p', self], ...Object.entries(params).map(([name, value]) => ['param', name, value]), ...task.tags]
    const job: Rumor = { id, pubkey, kind: JOB_REQUEST_KIND, created_at, tags, content: '' }
    const channel = { type: 'dispatch', dialect, requestId } as const
    const arrival: Arrival = {
      rumor: job,
      json: JSON.stringify(job),
      channel,
      heardOn,
      window: { maxAgeMs: FIELD_MAX_AGE_MS, maxAheadMs: wiring.maxAheadMs },
      ...(isRejection(assigned) ? {} : { accept: (facts) => accept(facts, assigned, deadline) }),
    }
    wiring.arrive(arrival, objection)
    return true
  }

  /** The price is agreed on before anything is asked of the API: exact where the operator has named it, else at most so much. */
  async function accept(
    facts: Parameters<NonNullable<Arrival['accept']>>[0],
    { route, call }: Assignment,
    deadline: number | null,
  ): Promise<Delivery | Rejection> {
    const { channel } = facts
    if (channel?.type !== 'dispatch') return rejection('internal-error', 'only messages are accepted')
    const price = route.priceMsat ?? route.maxMsat
    if (facts.bidMsat !== null && facts.bidMsat < price) {
      return { ...rejection('price-exceeds-bid'), remedy: ['amount', String(price)] }
    }
    const template = buildAcceptance(
      { self, job: facts, channel },
      {
        re: channel.requestId,
        createdAt: Math.floor(clock.now() / 1000),
        priceMsat: price,
        exact: route.priceMsat !== null,
        delivers: route.description ?? `${call.method} ${route.pattern}`,
      },
    )
    const job = { ...facts, state: 'quoting', call, calls: NO_CALLS } as const
    return answerJob(wiring.context(), job, template, { purpose: 'accept', notAfter: deadline })
  }

  /** What an agent says about a request of its own. */
  function hear(rumor: Rumor, message: DispatchMessage): boolean {
    const { type } = message
    if (type !== 'dispatch-proof' && type !== 'dispatch-ack' && type !== 'dispatch-cancel') return false
    const jobId = requests.get(keyOf(rumor.pubkey, message.re))
    if (jobId === undefined && type === 'dispatch-cancel') takenBack.add(keyOf(rumor.pubkey, message.re))
    if (jobId === undefined) return type === 'dispatch-cancel'
    if (type === 'dispatch-proof') wiring.prove(jobId, message.preimage)
    else if (type === 'dispatch-ack') wiring.acknowledged(jobId)
    else wiring.cancel(jobId, rumor.pubkey)
    return true
  }

  return { receive, remember }
}

/** A task without a form: refused by its id, or passed over where it has none. */
function unreadable(rumor: Rumor, dialect: Task['dialect'], why: string): Task | null {
  const value = parseJsonObject(rumor.content)
  const id = isMalformed(value) ? undefined : value['id']
  if (typeof id !== 'string' || id === '' || id.length > 128) return null
  return { dialect, requestId: id, tags: [], assigned: rejection('invalid-request', why), deadline: null }
}

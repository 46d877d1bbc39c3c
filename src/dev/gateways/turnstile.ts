/** What becomes of one request at the gate? Free page, page of the gate, admitted call, refusal, or a challenge. */
import { jsonAnswer, type Answer, type GateRequest } from './answer.js'
import type { Counts } from './counters.js'
import type { Dialect } from './dialect.js'
import type { Fault, FaultLine, FaultPlace } from './faults.js'
import type { Api } from './small-api.js'
import { tamperAnswer, tamperCharge, type TamperName } from './tampering.js'
import type { Charge, Till } from './till.js'

/** How an answer goes out, if it does. */
export type Reply =
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'cutShort'; readonly answer: Answer }
  | { readonly type: 'reset' }
  | { readonly type: 'hang' }

export interface Turnstile {
  readonly dialect: Dialect
  readonly till: Till
  readonly api: Api
  readonly faults: FaultLine
  readonly counts: Counts
  /** Answers by credential and Idempotency-Key. */
  readonly replays: Map<string, Answer>
  tampering(): TamperName | null
  readonly signal: AbortSignal
}

const FREE = /^\/free\//
/** Answered by a gate for an API that is out of reach or too busy. */
const GATE_FAILURES: ReadonlySet<number> = new Set([403, 429, 502, 504])

const whole = (answer: Answer): Reply => ({ type: 'answer', answer })

export async function pass(gate: Turnstile, request: GateRequest): Promise<Reply> {
  const { dialect, till, counts } = gate
  counts.requests += 1
  if (FREE.test(request.path)) return execute(gate, request, null, {})
  const page = dialect.pages?.find(request, till)
  if (page) {
    if (page === 'status') counts.statusPolls += 1
    const place: FaultPlace = page === 'status' ? 'status' : 'challenge'
    const fault = gate.faults.take(place)
    return broken(gate, fault, () => dialect.pages?.serve(till, request, page) ?? dialect.failure(till, 404))
  }
  const credential = dialect.readCredential(request)
  if (!credential) {
    const waived = dialect.waive?.(till, request) ?? null
    return waived ? execute(gate, request, null, waived) : challenge(gate, request)
  }
  const charge = dialect.verify(till, credential, request)
  return charge ? call(gate, request, charge) : refuse(gate, request, 'invalid')
}

async function call(gate: Turnstile, request: GateRequest, charge: Charge): Promise<Reply> {
  const { dialect, till, counts } = gate
  const replay = gate.replays.get(replayKey(gate, request, charge) ?? '')
  if (replay) {
    counts.replays += 1
    return whole(replay)
  }
  const fault = gate.faults.take('call')
  // These strike before anything is used up: the request did not get far enough.
  if (fault === 'reset') return { type: 'reset' }
  if (fault === 402) return challenge(gate, request)
  if (fault === 429) return whole(dialect.failure(till, fault))
  const headers = dialect.admit(till, charge)
  if (!headers) return refuse(gate, request, 'spent')
  charge.uses += 1
  if (typeof fault === 'number') {
    const failed = jsonAnswer(fault, { error: 'the API failed' }, { ...dialect.passing, ...headers })
    return whole(GATE_FAILURES.has(fault) ? dialect.failure(till, fault) : failed)
  }
  return fault === 'hang' ? { type: 'hang' } : execute(gate, request, charge, headers, fault)
}

async function execute(
  gate: Turnstile,
  request: GateRequest,
  charge: Charge | null,
  headers: Answer['headers'],
  fault: Fault | null = null,
): Promise<Reply> {
  const { api, counts, dialect } = gate
  const made = await api.answer(request, gate.signal)
  const passed: Answer = { ...made, headers: { ...made.headers, ...dialect.passing, ...headers } }
  const answer = (charge && dialect.reconcile?.(gate.till, charge, passed)) ?? passed
  counts.callsServed.push({
    method: request.method,
    target: request.target,
    paymentHash: charge?.paymentHash ?? null,
    use: charge?.uses ?? 0,
    idempotencyKey: idempotencyKey(request),
    status: answer.status,
  })
  const key = charge && replayKey(gate, request, charge)
  if (key) gate.replays.set(key, answer)
  return broken(gate, fault, () => answer)
}

async function refuse(gate: Turnstile, request: GateRequest, why: 'invalid' | 'spent'): Promise<Reply> {
  const answer = gate.dialect.refuse(why, request)
  if (!answer) return challenge(gate, request)
  gate.counts.refusals += 1
  return whole(answer)
}

function challenge(gate: Turnstile, request: GateRequest): Promise<Reply> {
  const { dialect, till } = gate
  return broken(gate, gate.faults.take('challenge'), async () => {
    gate.counts.challenges += 1
    const name = gate.tampering()
    const charge = tamperCharge(name, await dialect.charge(till, request), till)
    return tamperAnswer(name, await dialect.challenge(till, request, charge))
  })
}

/** The answer with its fault. A status and a connection that breaks at once keep it from being made. */
async function broken(gate: Turnstile, fault: Fault | null, make: () => Answer | Promise<Answer>): Promise<Reply> {
  if (fault === 'hang' || fault === 'reset') return { type: fault }
  if (typeof fault === 'number') return whole(gate.dialect.failure(gate.till, fault))
  const answer = await make()
  if (fault === null) return whole(answer)
  return fault === 'cutShort' ? { type: 'cutShort', answer } : { type: 'reset' }
}

function idempotencyKey({ headers }: GateRequest): string | null {
  const key = headers['idempotency-key']
  return typeof key === 'string' ? key : null
}

function replayKey({ till }: Turnstile, request: GateRequest, charge: Charge): string | null {
  const key = till.settings.idempotencyKeys ? idempotencyKey(request) : null
  return key === null ? null : `${charge.paymentHash} ${key}`
}

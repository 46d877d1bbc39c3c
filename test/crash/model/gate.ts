/** What does a gated API do with a call? Charges, credentials and executions, each counted; it outlives every crash. */
import { createHash } from 'node:crypto'
import type { PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import { msatFromSats } from '../../../src/core/money.js'
import { signInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import type { UpstreamOutcome, UpstreamRequest } from '../../../src/ports.js'
import { LARGE } from './plan.js'
import type { World } from './world.js'

export interface Charge {
  readonly token: string
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  readonly preimage: Preimage
  readonly statusToken: string
  readonly amountSats: number
  readonly expiresAt: number
  settledAt: number | null
  /** Calls that are left in it. */
  calls: number
}

/** One call with a credential that arrived. */
export interface Execution {
  readonly paymentHash: PaymentHash
  readonly method: string
  readonly content: string
}

export interface SimulatedGate {
  readonly charges: ReadonlyMap<string, Charge>
  readonly executions: readonly Execution[]
  /** Faults of calls with a credential that have struck. */
  readonly struck: string[]
  /** What was answered to the last call with a credential. */
  readonly lastAnswer: () => UpstreamOutcome | null
  handle(request: UpstreamRequest): UpstreamOutcome
  pay(paymentHash: string): void
  onSettled(listener: (charge: Charge) => void): () => void
}

export const API_PATH = '/orders'
export const PRICE_SATS = 21
const BUNDLE_CALLS = 50
const EXPIRY_SECONDS = 300
const NODE_KEY = Buffer.alloc(32, 0x11)

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

export function createGate({ plan, agenda, trace }: World): SimulatedGate {
  const charges = new Map<string, Charge>()
  const executions: Execution[] = []
  const answersByKey = new Map<string, UpstreamOutcome>()
  const listeners = new Set<(charge: Charge) => void>()
  const faults = [...plan.faults]
  const quoteFaults = [...plan.quoteFaults]
  const struck: string[] = []
  let lastAnswer: UpstreamOutcome | null = null

  function charge(amountSats: number, calls: number): Charge {
    const number = charges.size + 1
    const preimage = sha256(`preimage ${plan.seed} ${number}`)
    const paymentHash = sha256(preimage).toString('hex') as PaymentHash
    const timestamp = Math.floor(agenda.now() / 1000)
    const made: Charge = {
      token: `token-${paymentHash.slice(0, 32)}`,
      bolt11: signInvoice(
        {
          paymentHash,
          paymentSecret: sha256(`secret ${number}`).toString('hex'),
          amountMsat: msatFromSats(amountSats),
          description: 'one call',
          timestamp,
          expirySeconds: EXPIRY_SECONDS,
          prefix: 'bcrt',
        },
        NODE_KEY,
      ),
      paymentHash,
      preimage: preimage.toString('hex') as Preimage,
      statusToken: `status-${number}`,
      amountSats,
      expiresAt: (timestamp + EXPIRY_SECONDS) * 1000,
      settledAt: null,
      calls,
    }
    charges.set(paymentHash, made)
    return made
  }

  const statusUrl = ({ paymentHash, statusToken }: Charge) => `/invoice-status/${paymentHash}?token=${statusToken}`

  function challenge(): UpstreamOutcome {
    const made = plan.gate === 'single' ? charge(PRICE_SATS, 1) : charge(PRICE_SATS * BUNDLE_CALLS, BUNDLE_CALLS)
    const headers = { 'www-authenticate': [`L402 macaroon="${made.token}", invoice="${made.bolt11}"`] }
    if (plan.gate === 'single') return { type: 'response', status: 402, headers, body: new Uint8Array() }
    const l402 = {
      invoice: made.bolt11,
      macaroon: made.token,
      payment_hash: made.paymentHash,
      amount_sats: made.amountSats,
      payment_url: statusUrl(made),
      status_token: made.statusToken,
    }
    return json(402, { l402, ietf_payment: { amount_sats: PRICE_SATS } }, headers)
  }

  function createInvoice(): UpstreamOutcome {
    const made = charge(PRICE_SATS, 1)
    const { bolt11, paymentHash, token, amountSats } = made
    const body = { bolt11, payment_hash: paymentHash, macaroon: token, amount_sats: amountSats }
    return json(200, { ...body, payment_url: statusUrl(made) })
  }

  function status(target: string): UpstreamOutcome {
    const [, hash = '', token = ''] = /^\/invoice-status\/([0-9a-f]{64})\?token=(.*)$/.exec(target) ?? []
    const made = charges.get(hash)
    if (!made || made.statusToken !== token) return json(404, {})
    return json(200, made.settledAt === null ? { paid: false } : { paid: true, preimage: made.preimage })
  }

  function execute(made: Charge, request: UpstreamRequest): UpstreamOutcome {
    const content = JSON.stringify({
      execution: executions.length + 1,
      ...(plan.large !== 'no' && { all: 'x'.repeat(LARGE) }),
    })
    executions.push({ paymentHash: made.paymentHash, method: request.method, content })
    const left = plan.reportsCredit ? { 'x-credit-balance': [String(made.calls * PRICE_SATS)] } : {}
    const answer = json(200, JSON.parse(content) as object, left)
    if (request.idempotencyKey !== undefined && plan.idempotencyKey) answersByKey.set(request.idempotencyKey, answer)
    return answer
  }

  /** The credential is looked at first, then debited, then the work is done: what breaks afterwards gives nothing back. */
  function call(request: UpstreamRequest, authorization: string): UpstreamOutcome {
    const fault = faults.shift() ?? null
    if (fault) struck.push(fault)
    if (fault === 'unsent') return { type: 'unsent', reason: 'no connection' }
    if (fault === 'resetBefore') return { type: 'unknown', reason: 'reset' }
    if (fault === 'failBefore') return json(500, { error: 'broken' })
    if (fault === 'tooMany') return json(429, {}, { 'retry-after': ['2'] })
    if (fault === 'notYetPaid') return challenge()
    const [, token = '', key = ''] = /^L402 ([^:]+):([0-9a-f]{64})$/.exec(authorization) ?? []
    const made = charges.get(sha256(Buffer.from(key, 'hex')).toString('hex'))
    if (!made || made.token !== token || made.settledAt === null) return challenge()
    const known = request.idempotencyKey === undefined ? undefined : answersByKey.get(request.idempotencyKey)
    if (!known && made.calls === 0) return plan.gate === 'single' ? json(401, { error: 'used' }) : challenge()
    if (!known) made.calls -= 1
    const answer = known ?? execute(made, request)
    if (fault === 'resetAfter') return { type: 'unknown', reason: 'reset' }
    if (fault === 'failAfter') return json(500, { error: 'broken late' })
    if (fault === 'tooLarge') return { type: 'tooLarge', status: 200 }
    return answer
  }

  function quote(): UpstreamOutcome {
    switch (quoteFaults.shift()) {
      case 'unsent':
        return { type: 'unsent', reason: 'no connection' }
      case 'resetBefore':
        return { type: 'unknown', reason: 'reset' }
      case 'failBefore':
        return json(500, { error: 'broken' })
      case 'tooMany':
        return json(429, {}, { 'retry-after': ['1'] })
      case undefined:
        return challenge()
    }
  }

  return {
    charges,
    executions,
    struck,
    lastAnswer: () => lastAnswer,
    handle(request) {
      if (request.target.startsWith('/invoice-status/')) return status(request.target)
      if (request.target === '/create-invoice') return createInvoice()
      if (request.target !== API_PATH) return json(404, {})
      if (request.authorization === undefined) return quote()
      lastAnswer = call(request, request.authorization)
      trace?.(`gate answers ${'status' in lastAnswer ? lastAnswer.status : lastAnswer.type} to a credential`)
      return lastAnswer
    },
    pay(paymentHash) {
      const made = charges.get(paymentHash)
      if (!made || made.settledAt !== null) return
      made.settledAt = agenda.now()
      trace?.(`the upstream is paid ${paymentHash.slice(0, 8)}`)
      for (const listener of listeners) listener(made)
    },
    onSettled(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

function json(status: number, value: object, headers: Record<string, readonly string[]> = {}): UpstreamOutcome {
  const body = new TextEncoder().encode(JSON.stringify(value))
  return { type: 'response', status, headers: { 'content-type': ['application/json'], ...headers }, body }
}

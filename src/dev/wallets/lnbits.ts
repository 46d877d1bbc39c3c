/** What does LNbits say? A simulated node behind one wallet's keys, in its own words: payments, their look-up, and its WebSocket. */
import { createHash } from 'node:crypto'
import type { Msat } from '../../core/money.js'
import { PaymentFault, type IncomingPayment, type OutgoingPayment } from '../lightning/node.js'
import { decodeInvoice } from '../lightning/sign-invoice.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import { HungUp, startWire, type Wire, type WireAnswer, type WireRequest } from './wire.js'

export interface LnbitsServiceOptions {
  readonly node: SimulatedNode
  /** Before states had names: `pending`, times in seconds, and an answer to a payment that is nothing but its hash. */
  readonly isOld?: boolean
  /** Whether preimages of unpaid invoices are told, to whoever asks: as where the server makes them itself. Default: true. */
  readonly leaks?: boolean
}

export interface LnbitsService extends Wire {
  readonly adminKey: string
  readonly invoiceKey: string
}

const PAYMENTS = '/api/v1/payments'
const key = (kind: string): string => createHash('md5').update(`${kind} key of the simulation`).digest('hex')

/** To be stopped; the node is not. */
export async function startLnbits(options: LnbitsServiceOptions): Promise<LnbitsService> {
  const { node, isOld = false, leaks = true } = options
  const adminKey = key('admin')
  const invoiceKey = key('invoice')
  const date = (time: number): string | number => (isOld ? Math.floor(time / 1000) : new Date(time).toISOString())
  const stateOf = (state: IncomingPayment['state']): string =>
    state === 'settled' ? 'success' : state === 'expired' || state === 'cancelled' ? 'failed' : 'pending'

  const tell = (entry: {
    readonly amount: number
    readonly fee: number
    readonly status: string
    readonly payment: IncomingPayment | OutgoingPayment
    readonly expiresAt: number | null
  }): Record<string, unknown> => {
    const { paymentHash, bolt11, preimage, createdAt, settledAt } = entry.payment
    return {
      checking_id: paymentHash,
      payment_hash: paymentHash,
      bolt11,
      amount: entry.amount,
      fee: entry.fee,
      memo: '',
      ...(isOld
        ? { pending: entry.status === 'pending' }
        : { status: entry.status, updated_at: date(settledAt ?? createdAt) }),
      // What the server has made itself stands there from the start; zeros where it knows none.
      preimage: entry.status === 'success' || leaks ? (preimage ?? '0'.repeat(64)) : '0'.repeat(64),
      time: date(createdAt),
      ...(entry.expiresAt === null ? {} : { expiry: date(entry.expiresAt) }),
    }
  }
  const tellIncoming = (payment: IncomingPayment) =>
    tell({
      payment,
      amount: payment.amountMsat ?? 0,
      fee: 0,
      status: stateOf(payment.state),
      expiresAt: payment.expiresAt,
    })
  const tellOutgoing = (payment: OutgoingPayment) => {
    const status = payment.state === 'settled' ? 'success' : payment.state
    return tell({ payment, amount: 0 - payment.amountMsat, fee: 0 - (payment.feesMsat ?? 0), status, expiresAt: null })
  }
  const all = (): Record<string, unknown>[] =>
    [
      ...node.incoming().map((payment) => ({ at: payment.createdAt, told: () => tellIncoming(payment) })),
      ...node.payments().map((payment) => ({ at: payment.createdAt, told: () => tellOutgoing(payment) })),
    ]
      .sort((a, b) => b.at - a.at)
      .map(({ told }) => told())

  /** With a key of the wallet also its details; without any, as much as anybody is told. */
  function lookup(hash: string, hasKey: boolean): WireAnswer {
    const [incoming, outgoing] = [node.lookup(hash), node.outgoing(hash)]
    const details = incoming ? tellIncoming(incoming) : outgoing ? tellOutgoing(outgoing) : null
    if (details === null) return refusal(404, 'Payment does not exist.')
    const isPaid = (incoming ?? outgoing)?.state === 'settled'
    const { preimage } = details
    return json(200, { paid: isPaid, ...(isPaid || leaks ? { preimage } : {}), ...(hasKey ? { details } : {}) })
  }

  async function pay(bolt11: unknown): Promise<WireAnswer> {
    try {
      const { paymentHash } = decodeInvoice(String(bolt11))
      await node.pay(String(bolt11))
      const paid = node.outgoing(paymentHash)
      if (!paid) throw new HungUp()
      return json(201, isOld ? { payment_hash: paymentHash, checking_id: paymentHash } : tellOutgoing(paid))
    } catch (error) {
      if (error instanceof HungUp) throw error
      if (!(error instanceof PaymentFault)) return refusal(400, 'Bolt11 decoding failed.')
      if (error.code === 'unknown') throw new HungUp()
      return json(520, { detail: error.message, ...(isOld ? {} : { status: 'failed' }) })
    }
  }

  async function create({ amount, memo, expiry }: Record<string, unknown>): Promise<WireAnswer> {
    const { paymentHash, bolt11 } = await node.makeInvoice({
      amountMsat: (Number(amount) * 1000) as Msat,
      description: typeof memo === 'string' ? memo : '',
      expirySeconds: typeof expiry === 'number' ? expiry : 3600,
    })
    const payment = node.lookup(paymentHash)
    if (isOld || !payment)
      return json(201, { payment_hash: paymentHash, payment_request: bolt11, checking_id: paymentHash })
    return json(201, tellIncoming(payment))
  }

  async function answer({ method, path, headers, query, body }: WireRequest): Promise<WireAnswer> {
    const given = headers['x-api-key']
    const isAdmin = given === adminKey
    const hasKey = isAdmin || given === invoiceKey
    const [, hash] = new RegExp(`^${PAYMENTS}/([0-9a-f]{64})$`).exec(path) ?? []
    if (hash !== undefined) return lookup(hash, hasKey)
    if (!hasKey) return refusal(401, 'Invalid Wallet key.')
    if (path === '/api/v1/wallet') return json(200, { name: 'till', balance: 0, ...(isAdmin ? { id: 'till' } : {}) })
    if (path !== PAYMENTS) return refusal(404, 'Not Found')
    if (method === 'GET') {
      const wanted = query.get('payment_hash')
      const [offset, limit] = [Number(query.get('offset') ?? 0), Number(query.get('limit') ?? 10)]
      return json(
        200,
        all()
          .filter((one) => wanted === null || one['payment_hash'] === wanted)
          .slice(offset, offset + limit),
      )
    }
    const asked = JSON.parse(body) as Record<string, unknown>
    if (asked['out'] !== true) return create(asked)
    return isAdmin ? pay(asked['bolt11']) : refusal(isOld ? 401 : 403, 'Invoice (or Admin) key required.')
  }

  const onStop: (() => void)[] = []
  const wire = await startWire({ answer, letIn: (path) => path.startsWith('/api/v1/ws/'), onStop })
  const isOfWallet = (path: string): boolean => [adminKey, invoiceKey].some((one) => path.endsWith(`/${one}`))
  onStop.push(
    node.onSettled((payment) => wire.push({ wallet_balance: 0, payment: tellIncoming(payment) }, isOfWallet)),
    node.onSent((payment) => wire.push({ wallet_balance: 0, payment: tellOutgoing(payment) }, isOfWallet)),
  )
  return Object.assign(wire, { adminKey, invoiceKey })
}

const json = (status: number, body: unknown): WireAnswer => ({ status, body })
const refusal = (status: number, detail: string): WireAnswer => json(status, { detail })

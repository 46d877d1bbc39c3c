/** What does phoenixd say? A simulated node behind its HTTP interface and WebSocket, with two passwords, in its own words. */
import { PaymentFault, type IncomingPayment, type OutgoingPayment } from '../lightning/node.js'
import type { Msat } from '../../core/money.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import { HungUp, startWire, type Wire, type WireAnswer, type WireRequest } from './wire.js'

export interface PhoenixdServiceOptions {
  readonly node: SimulatedNode
  /** Older versions look payments up by an id of their own only, and list nothing. */
  readonly isOld?: boolean
  /** Kept of every payment that arrives, as for liquidity. */
  readonly liquidityFeeMsat?: number
}

export interface PhoenixdService extends Wire {
  readonly password: string
  readonly limitedPassword: string
}

const NEEDS_FULL_ACCESS = /^\/(payinvoice|payoffer|paylnaddress|lnurlpay|lnurlauth|sendtoaddress|closechannel|export)$/
const HASH = /^[0-9a-f]{64}$/

/** To be stopped; the node is not. */
export async function startPhoenixd(options: PhoenixdServiceOptions): Promise<PhoenixdService> {
  const { node, isOld = false, liquidityFeeMsat = 0 } = options
  const password = 'ab'.repeat(32)
  const limitedPassword = 'cd'.repeat(32)
  const passwordOf = (header: string | undefined): string =>
    Buffer.from((header ?? '').replace(/^Basic /, ''), 'base64')
      .toString('utf8')
      .replace(/^[^:]*:/, '')

  const tellIncoming = ({ state, paymentHash, preimage, bolt11, description, ...payment }: IncomingPayment): object => {
    const isPaid = state === 'settled'
    return {
      type: 'incoming_payment',
      subType: 'lightning',
      paymentHash,
      // From the start, whether it was paid or not.
      preimage,
      description,
      invoice: bolt11,
      isPaid,
      isExpired: state === 'expired',
      receivedSat: isPaid ? Math.floor(((payment.amountMsat ?? 0) - liquidityFeeMsat) / 1000) : 0,
      fees: isPaid ? liquidityFeeMsat : 0,
      ...(isPaid ? { completedAt: payment.settledAt } : {}),
      createdAt: payment.createdAt,
    }
  }
  const tellOutgoing = ({ state, paymentHash, preimage, bolt11, amountMsat, ...payment }: OutgoingPayment): object => ({
    type: 'outgoing_payment',
    subType: 'lightning',
    paymentId: '00000000-0000-4000-8000-000000000000',
    paymentHash,
    ...(preimage === null ? {} : { preimage }),
    isPaid: state === 'settled',
    sent: Math.floor(amountMsat / 1000),
    fees: payment.feesMsat ?? 0,
    invoice: bolt11,
    ...(state === 'pending' ? {} : { completedAt: payment.settledAt ?? payment.createdAt }),
    createdAt: payment.createdAt,
  })

  async function payInvoice(form: URLSearchParams): Promise<WireAnswer> {
    const invoice = form.get('invoice')
    if (invoice === null) return text(400, 'Parameter invoice is missing')
    try {
      const { preimage, feesMsat } = await node.pay(invoice)
      const paid = node.payments().find((payment) => payment.preimage === preimage)
      const { paymentHash, amountMsat = 0 } = paid ?? {}
      const routingFeeSat = Math.floor(feesMsat / 1000)
      const recipientAmountSat = Math.floor(amountMsat / 1000)
      return json({ recipientAmountSat, routingFeeSat, paymentId: '', paymentHash, paymentPreimage: preimage })
    } catch (error) {
      if (!(error instanceof PaymentFault) || error.code === 'unknown') throw new HungUp()
      if (/not an invoice/.test(error.message)) return text(400, 'Parameter invoice has an invalid format')
      // Both ends of a payment are 200 here.
      return json({ paymentHash: '', reason: error.message })
    }
  }

  async function createInvoice(form: URLSearchParams): Promise<WireAnswer> {
    const description = form.get('description') ?? ''
    if (description.length > 128) return text(400, 'Request parameter description is too long (max 128 characters)')
    const sats = Number(form.get('amountSat'))
    if (!Number.isSafeInteger(sats)) return text(400, 'Parameter amountSat has an invalid format')
    const expirySeconds = Number(form.get('expirySeconds') ?? 3600)
    const { bolt11, paymentHash } = await node.makeInvoice({
      amountMsat: (sats * 1000) as Msat,
      description,
      expirySeconds,
    })
    return json({ amountSat: sats, paymentHash, serialized: bolt11 })
  }

  function listIncoming(query: URLSearchParams): WireAnswer {
    if (isOld) return text(400, 'Parameter externalId is missing')
    const [from, limit, offset] = [query.get('from') ?? 0, query.get('limit') ?? 20, query.get('offset') ?? 0].map(
      Number,
    )
    const paid = node.incoming().filter(({ settledAt }) => settledAt !== null && settledAt >= (from ?? 0))
    return json(paid.slice(offset, (offset ?? 0) + (limit ?? 20)).map(tellIncoming))
  }

  const found = (entry: object | undefined): WireAnswer =>
    entry ? json(entry) : text(404, 'Unknown endpoint (check api doc)')

  async function answer({ method, path, headers, query, body }: WireRequest): Promise<WireAnswer> {
    const given = passwordOf(headers.authorization)
    const isAllowed = given === password || (given === limitedPassword && !NEEDS_FULL_ACCESS.test(path))
    if (!isAllowed)
      return text(401, 'Invalid authentication (use basic auth with the http password set in phoenix.conf)')
    const form = new URLSearchParams(body)
    if (method === 'POST' && path === '/payinvoice') return payInvoice(form)
    if (method === 'POST' && path === '/createinvoice') return createInvoice(form)
    if (path === '/getinfo') {
      return json({
        nodeId: node.id,
        channels: [],
        chain: 'regtest',
        blockHeight: node.blockHeight(),
        version: '0.7.2',
      })
    }
    if (path === '/payments/incoming') return listIncoming(query)
    const [, direction, hash = ''] = /^\/payments\/(incoming|outgoingbyhash)\/([^/]+)$/.exec(path) ?? []
    if (direction === undefined || (isOld && direction !== 'incoming')) return found(undefined)
    if (!HASH.test(hash)) return text(400, 'Parameter paymentHash has an invalid format')
    const incoming = node.lookup(hash)
    const outgoing = node.outgoing(hash)
    if (direction === 'incoming') return found(incoming && tellIncoming(incoming))
    return found(outgoing && tellOutgoing(outgoing))
  }

  const onStop: (() => void)[] = []
  const wire = await startWire({
    answer,
    onStop,
    letIn: (path, { authorization }) =>
      path === '/websocket' && [password, limitedPassword].includes(passwordOf(authorization)),
  })
  onStop.push(
    node.onSettled(({ paymentHash, amountMsat }) =>
      wire.push({
        type: 'payment_received',
        timestamp: Date.now(),
        amountSat: Math.floor((amountMsat ?? 0) / 1000),
        paymentHash,
      }),
    ),
  )
  return Object.assign(wire, { password, limitedPassword })
}

const json = (body: unknown): WireAnswer => ({ status: 200, body })
const text = (status: number, body: string): WireAnswer => ({ status, body })

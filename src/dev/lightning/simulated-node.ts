/** How does a simulated node make, settle and pay invoices? */
import { randomBytes } from 'node:crypto'
import * as secp256k1 from 'tiny-secp256k1'
import type { Millis, PaymentHash, Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { sha256Hex, type Ledger } from './ledger.js'
import { createHeldPayments, type HeldPayments } from './held-payments.js'
import { PaymentFault, type HoldNode, type IncomingPayment, type Receipt } from './node.js'
import { readPayable, signInvoice } from './sign-invoice.js'
import { createUnderWay } from './under-way.js'

export interface SimulatedFaults {
  /**
   * How the next payment of this node fails; consumed by it. `refused`: nothing moves. `unknown`: the payee is paid, and the payer is
   * not told in the answer. `lost`: nothing moves, the payer is not told, and the payment stays pending.
   */
  failNext: 'refused' | 'unknown' | 'lost' | null
  /** Time from a payment's start until the payee has it. */
  delayMs: number
  /** Payments are made, and `pay` does not return before the node stops. */
  neverAnswer: boolean
  /** What each payment costs this node beyond its amount. */
  feeMsat: number
  /** Blocks that each route of this node needs besides the payee's own delta. */
  routeBlocks: number
}

export interface SimulatedNode extends HoldNode {
  /** To be changed at any time. */
  readonly faults: SimulatedFaults
  balanceMsat(): Msat
  /**
   * Settles an invoice of this node as if somebody outside had paid it: in full, or `amountMsat` where it names no amount. Works on an
   * expired one too: a payment may arrive late. @throws where there is nothing to settle.
   */
  settle(paymentHash: string, amountMsat?: Msat): IncomingPayment
}

export interface Member {
  readonly node: SimulatedNode
  readonly ledger: Ledger
  readonly held: HeldPayments
}

export interface SimulatedNodeParts {
  /** The height of the chain. */
  readonly height: () => number
  readonly key: Buffer
  readonly ledger: Ledger
  readonly wallet: { balanceMsat: number }
  readonly now: () => Millis
  /** Every node of the network, by id. */
  readonly members: ReadonlyMap<string, Member>
}

export function createSimulatedNode(parts: SimulatedNodeParts): Member {
  const { key, ledger, wallet, now, members, height } = parts
  const id = Buffer.from(secp256k1.pointFromScalar(key, true) ?? []).toString('hex')
  const faults: SimulatedFaults = { failNext: null, delayMs: 0, neverAnswer: false, feeMsat: 0, routeBlocks: 40 }
  const held = createHeldPayments(ledger, height, (amountMsat) => {
    wallet.balanceMsat += amountMsat
  })
  const underWay = createUnderWay()

  /** The books after the payee has the money. */
  const book = (paymentHash: PaymentHash, preimage: Preimage, amountMsat: Msat): Receipt => {
    const feesMsat = faults.feeMsat as Msat
    wallet.balanceMsat -= amountMsat + feesMsat
    ledger.sent(paymentHash, preimage, feesMsat)
    return { preimage, feesMsat }
  }

  /** The payee holds the payment, for as long as it likes: what becomes of it does not depend on whether we still wait. */
  const wait = (payee: Member, paymentHash: PaymentHash, amountMsat: Msat, blocks: number): Promise<Receipt> =>
    underWay.until((resolve, reject) => {
      payee.held.accept(paymentHash, amountMsat, blocks, {
        settled: (preimage) => {
          const receipt = book(paymentHash, preimage, amountMsat)
          if (!faults.neverAnswer) resolve(receipt)
        },
        cancelled: () => {
          ledger.failed(paymentHash)
          reject(new PaymentFault('refused', 'the payee sent it back'))
        },
      })
      return () => undefined
    })

  const send = async (payee: Member, paymentHash: PaymentHash, amountMsat: Msat, blocks: number): Promise<Receipt> => {
    const fault = faults.failNext
    faults.failNext = null
    if (fault === 'refused') throw new PaymentFault('refused', 'no route to the payee')
    await underWay.wait(faults.delayMs)
    if (fault === 'lost') throw new PaymentFault('unknown', 'the payment was sent and not answered')
    const invoiced = payee.ledger.lookup(paymentHash)
    if (!invoiced || invoiced.state === 'cancelled') throw new PaymentFault('refused', 'the payee does not know it')
    // Somebody else was faster: the money stays under way.
    if (invoiced.state === 'settled' || invoiced.state === 'accepted') return underWay.never()
    if (invoiced.preimage === null) return wait(payee, paymentHash, amountMsat, blocks)
    payee.node.settle(paymentHash, amountMsat)
    const { feesMsat } = book(paymentHash, invoiced.preimage, amountMsat)
    if (faults.neverAnswer) return underWay.never()
    if (fault === 'unknown') throw new PaymentFault('unknown', 'the payment was sent and not answered')
    return { preimage: invoiced.preimage, feesMsat }
  }

  const node: SimulatedNode = {
    id,
    network: 'regtest',
    faults,
    blockHeight: height,
    settleHold: held.settle,
    cancelHold: held.cancel,
    onAccepted: (listener) => ledger.onAccepted(listener),
    balanceMsat: () => wallet.balanceMsat as Msat,
    lookup: ledger.lookup,
    incoming: ledger.incoming,
    outgoing: ledger.outgoing,
    payments: ledger.payments,
    onSettled: ledger.onSettled,
    onSent: ledger.onSent,

    async makeInvoice({ amountMsat, description, expirySeconds, paymentHash: given, minCltvDelta, descriptionHash }) {
      const random = randomBytes(64).toString('hex')
      const preimage = given === undefined ? (random.slice(0, 64) as Preimage) : null
      const paymentHash = given ?? (sha256Hex(random.slice(0, 64)) as PaymentHash)
      const timestamp = Math.floor(now() / 1000)
      const paymentSecret = random.slice(64)
      const delta = minCltvDelta === undefined ? {} : { minCltvDelta }
      const hashed = descriptionHash === undefined ? {} : { descriptionHash }
      const terms = { amountMsat, description, expirySeconds, timestamp, ...delta, ...hashed }
      const bolt11 = signInvoice({ ...terms, paymentHash, paymentSecret, prefix: 'bcrt' }, key)
      ledger.invoiced({ paymentHash, bolt11, description, amountMsat, preimage, expirySeconds })
      return { bolt11, paymentHash, preimage }
    },

    settle(paymentHash, amountMsat) {
      const invoiced = ledger.lookup(paymentHash)
      if (!invoiced) throw new Error('no invoice with this payment hash')
      if (invoiced.preimage === null) throw new Error('the preimage of this invoice is not known here')
      const amount = invoiced.amountMsat ?? amountMsat
      if (amount === undefined) throw new Error('this invoice names no amount, and none was given')
      const settled = ledger.received(paymentHash, amount, invoiced.preimage)
      wallet.balanceMsat += amount
      return settled
    },

    async pay(bolt11, amountGiven, limits = {}) {
      if (underWay.stopped) throw new PaymentFault('refused', 'the node has stopped')
      const { paymentHash, payee, amountMsat, minCltvDelta } = readPayable(bolt11, amountGiven, now())
      const before = ledger.outgoing(paymentHash)?.state
      if (before === 'pending' || before === 'settled') {
        throw new PaymentFault('refused', `a payment of it is ${before}`)
      }
      const member = members.get(payee)
      const invoiced = member?.ledger.lookup(paymentHash)
      if (!member || !invoiced || payee === id) throw new PaymentFault('refused', 'no route to the payee')
      if (invoiced.state === 'settled') throw new PaymentFault('refused', 'the invoice is paid already')
      if (wallet.balanceMsat < amountMsat + faults.feeMsat)
        throw new PaymentFault('refused', 'the balance is too small')
      const blocks = faults.routeBlocks + minCltvDelta
      if (faults.feeMsat > (limits.maxFeeMsat ?? Infinity)) throw new PaymentFault('refused', 'no route within the fee')
      if (blocks > (limits.maxDelayBlocks ?? Infinity)) throw new PaymentFault('refused', 'no route within the delay')

      ledger.sending({ paymentHash, bolt11, amountMsat })
      try {
        return await send(member, paymentHash, amountMsat, minCltvDelta)
      } catch (error) {
        if (error instanceof PaymentFault && error.code === 'refused') ledger.failed(paymentHash)
        throw error
      }
    },

    stop: underWay.stop,
  }
  return { node, ledger, held }
}

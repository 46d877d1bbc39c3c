/** How does a simulated node make, settle and pay invoices? */
import { randomBytes } from 'node:crypto'
import * as secp256k1 from 'tiny-secp256k1'
import type { Millis, PaymentHash, Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { sha256Hex, type Ledger } from './ledger.js'
import { PaymentFault, type IncomingPayment, type LightningNode, type Receipt } from './node.js'
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
}

export interface SimulatedNode extends LightningNode {
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
}

export interface SimulatedNodeParts {
  readonly key: Buffer
  readonly ledger: Ledger
  readonly wallet: { balanceMsat: number }
  readonly now: () => Millis
  /** Every node of the network, by id. */
  readonly members: ReadonlyMap<string, Member>
}

export function createSimulatedNode({ key, ledger, wallet, now, members }: SimulatedNodeParts): SimulatedNode {
  const id = Buffer.from(secp256k1.pointFromScalar(key, true) ?? []).toString('hex')
  const faults: SimulatedFaults = { failNext: null, delayMs: 0, neverAnswer: false, feeMsat: 0 }
  const underWay = createUnderWay()

  const send = async (payee: Member, paymentHash: PaymentHash, amountMsat: Msat): Promise<Receipt> => {
    const fault = faults.failNext
    faults.failNext = null
    if (fault === 'refused') throw new PaymentFault('refused', 'no route to the payee')
    await underWay.wait(faults.delayMs)
    if (fault === 'lost') throw new PaymentFault('unknown', 'the payment was sent and not answered')
    const invoiced = payee.ledger.lookup(paymentHash)
    // Nobody here can claim it, or somebody else was faster: the money stays under way.
    if (!invoiced?.preimage || invoiced.state === 'settled') return underWay.never()
    payee.node.settle(paymentHash, amountMsat)
    const feesMsat = faults.feeMsat as Msat
    wallet.balanceMsat -= amountMsat + feesMsat
    ledger.sent(paymentHash, invoiced.preimage, feesMsat)
    if (faults.neverAnswer) return underWay.never()
    if (fault === 'unknown') throw new PaymentFault('unknown', 'the payment was sent and not answered')
    return { preimage: invoiced.preimage, feesMsat }
  }

  return {
    id,
    network: 'regtest',
    faults,
    balanceMsat: () => wallet.balanceMsat as Msat,
    lookup: ledger.lookup,
    incoming: ledger.incoming,
    outgoing: ledger.outgoing,
    payments: ledger.payments,
    onSettled: ledger.onSettled,
    onSent: ledger.onSent,

    async makeInvoice({ amountMsat, description, expirySeconds, paymentHash: given }) {
      const random = randomBytes(64).toString('hex')
      const preimage = given === undefined ? (random.slice(0, 64) as Preimage) : null
      const paymentHash = given ?? (sha256Hex(random.slice(0, 64)) as PaymentHash)
      const timestamp = Math.floor(now() / 1000)
      const paymentSecret = random.slice(64)
      const terms = { amountMsat, description, expirySeconds, timestamp }
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

    async pay(bolt11, amountGiven) {
      if (underWay.stopped) throw new PaymentFault('refused', 'the node has stopped')
      const { paymentHash, payee, amountMsat } = readPayable(bolt11, amountGiven, now())
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

      ledger.sending({ paymentHash, bolt11, amountMsat })
      try {
        return await send(member, paymentHash, amountMsat)
      } catch (error) {
        if (error instanceof PaymentFault && error.code === 'refused') ledger.failed(paymentHash)
        throw error
      }
    },

    stop: underWay.stop,
  }
}

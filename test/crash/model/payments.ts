/** What has our own wallet paid? Each payment with its fate, and what the wallet says of it; all of it outlives a crash. */
import type { Millis, PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import type { OutgoingState, PaymentLimits, PaymentOutcome } from '../../../src/ports.js'
import type { Chain } from './chain.js'
import type { Fate, PurchasePlan } from './purchase-plan.js'
import type { World } from './world.js'

/** What no wallet exceeds that is told no limit. */
const MOST_DELAY = 160
const ROUTE_BLOCKS = 40
const FINAL_DELTA = 18

export interface OutgoingPayment {
  readonly paymentHash: PaymentHash
  readonly fate: Fate
  state: 'unseen' | OutgoingState['state']
  feesMsat: Msat
  readonly begunAt: Millis
}

/** What the wallet answers, and when. */
export interface Reply {
  readonly outcome: () => PaymentOutcome
  readonly afterMs: number
}

/** An invoice of somebody else. */
export interface Payable {
  readonly preimage: Preimage
  readonly expiresAt: Millis
  readonly receive: () => void
}

export interface Payments {
  all(): readonly OutgoingPayment[]
  /** How often the daemon has asked to pay it, whatever came of that. */
  readonly asked: Map<string, number>
  of(paymentHash: string): OutgoingPayment | undefined
  tell(paymentHash: string): OutgoingState
  /** Begins what becomes of a payment. A second one of a hash is refused, as every node refuses it. */
  send(paymentHash: PaymentHash, limits: PaymentLimits | undefined): Reply
}

export function createPayments(
  { chance, agenda, trace }: World,
  {
    payableOf,
    chain,
    purchase,
  }: {
    readonly payableOf: (paymentHash: string) => Payable | undefined
    readonly chain: Chain
    readonly purchase: PurchasePlan
  },
): Payments {
  const payments: OutgoingPayment[] = []
  const asked = new Map<string, number>()
  const of = (paymentHash: string) => payments.find((payment) => payment.paymentHash === paymentHash)

  function end(payment: OutgoingPayment, state: 'settled' | 'failed'): void {
    payment.state = state
    trace?.(`our payment of ${payment.paymentHash.slice(0, 8)} is ${state}`)
    if (state === 'settled') payableOf(payment.paymentHash)?.receive()
  }

  const keyOf = (paymentHash: string): Preimage => {
    const preimage = payableOf(paymentHash)?.preimage
    if (preimage === undefined) throw new Error('no such invoice')
    return preimage
  }

  const outcomeOf = (payment: OutgoingPayment) => (): PaymentOutcome => {
    if (payment.state === 'settled') {
      return { type: 'paid', preimage: keyOf(payment.paymentHash), feesMsat: payment.feesMsat }
    }
    if (payment.state === 'failed') return { type: 'refused', reason: 'no route' }
    return { type: 'unknown', reason: 'no answer in time' }
  }

  /** As soon as its time has come: `under way` from then on, and over so much later. */
  function begin(payment: OutgoingPayment, state: 'settled' | 'failed', afterMs: number): void {
    payment.state = 'pending'
    agenda.after(afterMs, () => end(payment, state))
  }

  function send(payment: OutgoingPayment, mostDelay: number): Reply {
    const outcome = outcomeOf(payment)
    const unknown: Reply = {
      outcome: () => ({ type: 'unknown', reason: 'the connection was lost' }),
      afterMs: chance.between(10, 10_000),
    }
    switch (payment.fate) {
      case 'refused':
        end(payment, 'failed')
        return { outcome, afterMs: 20 }
      case 'paid':
      case 'slow':
      case 'failedLate': {
        const afterMs = payment.fate === 'paid' ? chance.between(10, 8_000) : chance.between(8_000, 120_000)
        begin(payment, payment.fate === 'failedLate' ? 'failed' : 'settled', afterMs)
        return { outcome, afterMs: afterMs + 20 }
      }
      case 'silent':
      case 'silentFailed':
        begin(payment, payment.fate === 'silent' ? 'settled' : 'failed', chance.between(10, 90_000))
        return unknown
      case 'stuck':
      case 'stuckFailed': {
        payment.state = 'pending'
        const state = payment.fate === 'stuck' ? 'settled' : 'failed'
        chain.at(
          chain.height() + mostDelay,
          () => end(payment, state),
          () => true,
        )
        return unknown
      }
      case 'mailed':
      case 'mailedFailed': {
        const invoice = payableOf(payment.paymentHash)
        const begunAfterMs = Math.max(0, (invoice?.expiresAt ?? 0) - agenda.now() - chance.between(0, 5_000))
        const state = payment.fate === 'mailed' ? 'settled' : 'failed'
        agenda.after(begunAfterMs, () => begin(payment, state, chance.between(10, 90_000)))
        return unknown
      }
      case 'lost':
        return unknown
    }
  }

  return {
    all: () => payments,
    asked,
    of,
    tell(paymentHash) {
      const payment = of(paymentHash)
      if (!payment || payment.state === 'unseen') return { state: 'not_found' }
      if (payment.state !== 'settled') return { state: payment.state }
      return { state: 'settled', preimage: keyOf(paymentHash), feesMsat: payment.feesMsat }
    },
    send(paymentHash, limits) {
      const refused = (reason: string): Reply => ({ outcome: () => ({ type: 'refused', reason }), afterMs: 20 })
      const known = of(paymentHash)
      if (known) return { outcome: () => ({ type: 'unknown', reason: 'it is in the books already' }), afterMs: 20 }
      const invoice = payableOf(paymentHash)
      if (!invoice || invoice.expiresAt < agenda.now()) return refused('the invoice has expired')
      const mostDelay = Math.min(MOST_DELAY, (purchase.limitsDelay ? limits?.maxDelayBlocks : null) ?? MOST_DELAY)
      if (mostDelay < ROUTE_BLOCKS + FINAL_DELTA) return refused('no route within the delay')
      const feesMsat = chance.below((limits?.maxFeeMsat ?? 1_000) + 1) as Msat
      const fate = purchase.fates[payments.length] ?? purchase.fates[0]
      const payment: OutgoingPayment = { paymentHash, fate, state: 'unseen', feesMsat, begunAt: agenda.now() }
      payments.push(payment)
      trace?.(`our payment of ${paymentHash.slice(0, 8)} is sent, to be ${fate}`)
      return send(payment, mostDelay)
    },
  }
}

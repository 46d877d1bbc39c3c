/** What is Lightning like, seen from our own wallet? The chain, the invoices that customers pay, and the payments to the upstream. */
import { createChain, type Chain } from './chain.js'
import type { SimulatedGate } from './gate.js'
import { createOwnInvoices, type OwnInvoices } from './own-invoices.js'
import { createPayments, type Payable, type Payments } from './payments.js'
import type { PurchasePlan } from './purchase-plan.js'
import { createRefundInvoices, type RefundInvoices } from './refunds.js'
import type { World } from './world.js'

export interface SimulatedLightning {
  readonly purchase: PurchasePlan
  readonly chain: Chain
  readonly invoices: OwnInvoices
  readonly payments: Payments
  /** Invoices by which customers take money back. */
  readonly refunds: RefundInvoices
  /** Whether the wallet answers nobody at the moment. */
  isAway(): boolean
}

/** Null where customers pay the upstream itself. */
export function createLightning(world: World, gate: SimulatedGate): SimulatedLightning | null {
  const { purchase } = world.plan
  if (purchase === null) return null
  const chain = createChain(world.agenda, purchase.blockMs)
  const invoices = createOwnInvoices(world, chain)
  const refunds = createRefundInvoices(world)

  function payableOf(paymentHash: string): Payable | undefined {
    const charge = gate.charges.get(paymentHash)
    if (charge) return { ...charge, receive: () => gate.pay(paymentHash) }
    const refund = refunds.byHash(paymentHash)
    return refund && { ...refund, receive: () => void (refund.settledAt = world.agenda.now()) }
  }

  return {
    purchase,
    chain,
    ...{ invoices, refunds },
    payments: createPayments(world, { payableOf, chain, purchase }),
    isAway() {
      const now = world.agenda.now()
      const paidAt = invoices.all().find((invoice) => invoice.paidAt !== null)?.paidAt
      if (paidAt == null) return false
      return purchase.away.some(({ afterMs, forMs }) => now >= paidAt + afterMs && now < paidAt + afterMs + forMs)
    },
  }
}

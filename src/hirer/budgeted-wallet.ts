/** How does a hire stay inside its budget? The wallet as its conversation sees it: it reserves before it pays. */
import type { EventId } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { Wallet } from '../ports.js'
import type { Budget, BudgetLimit } from './budget.js'
import { feeAllowance } from './fees.js'

export const OVER_BUDGET = 'the budget of the window has not so much left, with what is kept for fees'

const PAID_BEFORE = 'the ledger knows of a payment for this hire, and its file is missing'

export interface BudgetedWallet extends Wallet {
  /** The last payment was refused by the budget, not by the wallet. */
  isOverBudget(): boolean
}

/** `amountOf` is what the invoice asks for, decoded; it has been checked by then. */
export function createBudgetedWallet(options: {
  readonly wallet: Wallet
  readonly budget: Budget
  readonly limit: BudgetLimit | null
  readonly hireId: EventId
  /** What is kept for fees; absent: as a rule. */
  readonly maxFeeMsat?: Msat
  readonly amountOf: (bolt11: string) => Msat
}): BudgetedWallet {
  const { wallet, budget, limit, hireId, maxFeeMsat, amountOf } = options
  let overBudget = false
  return {
    ...wallet,
    methods: wallet.methods,
    isOverBudget: () => overBudget,
    async payInvoice(bolt11, paymentHash) {
      // Whoever is asked to pay knows of no payment: the file of one was lost, or an older copy put back. It is looked up.
      if (await budget.isKnown(hireId)) return { type: 'unknown', reason: PAID_BEFORE }
      const amountMsat = amountOf(bolt11)
      const cost = { amountMsat, feesMsat: feeAllowance(amountMsat, maxFeeMsat) }
      overBudget = !(await budget.reserve(hireId, cost, limit))
      if (overBudget) return { type: 'refused', reason: OVER_BUDGET }
      const outcome = await wallet.payInvoice(bolt11, paymentHash)
      if (outcome.type === 'paid') await budget.settle(hireId, amountMsat, outcome.feesMsat)
      // Only the wallet's own definite word gives it back. What is unknown stays reserved.
      if (outcome.type === 'refused') await budget.release(hireId)
      return outcome
    },
  }
}

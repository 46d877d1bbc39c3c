/** What is left to do when a hire ends, or this run of it? Keeps the result, acknowledges, closes, and settles what was reserved. */
import { isMalformed, type Millis } from '../core/identifiers.js'
import { ZERO_MSAT } from '../core/money.js'
import { decodeOutput } from '../customer/answer.js'
import { lookUpPayment, paymentStandingOf } from '../customer/pay-once.js'
import type { PaymentAttempt } from '../customer/payment-journal.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import type { BudgetedWallet } from './budgeted-wallet.js'
import type { CarryOut } from './carry-out.js'
import { acknowledge, attest, sha256Of, type Closing } from './closing.js'
import type { Dialogue, DialogueOutcome } from './dialogue.js'
import type { ClosedHire, SavedMessage, SavedResult } from './hire-journal.js'
import type { HireOutcome } from './hire-outcome.js'
import type { TellHire } from './hire-story.js'

/** After the expiry of an invoice, until a wallet that finds no payment of it is believed for good. */
const EXPIRY_GRACE_MS: Millis = 600_000

export interface Ending extends Omit<CarryOut, 'tell' | 'wallet'> {
  readonly wallet: BudgetedWallet
  readonly dialogue: Dialogue
  readonly tell: TellHire
  readonly deliver: (message: SavedMessage) => Promise<number>
  /** Tells the provider that nothing will come of it. */
  readonly cancel: (note: string) => Promise<number>
}

type Result = Extract<RequestOutcome, { type: 'result' }>

export async function endHire(
  ending: Ending,
  outcome: DialogueOutcome | { readonly type: 'saved'; readonly result: SavedResult },
): Promise<HireOutcome> {
  const { hire, clock, dialogue } = ending
  switch (outcome.type) {
    case 'saved':
      return finish(ending, outcome.result)
    case 'result':
      return finish(ending, await keep(ending, outcome))
    case 'error': {
      await close(ending, 'failed', `${outcome.code ?? ''} ${outcome.message}`.trim())
      return { ...outcome, credentialFile: dialogue.credentialFile }
    }
    case 'not-agreed':
    case 'not-payable': {
      await close(ending, 'withdrawn', outcome.code)
      await ending.cancel(outcome.code)
      const code = outcome.code === 'above-bid' ? 'above-agreed' : outcome.code
      const words = 'The invoice asks for more than was agreed.'
      return { type: 'not-payable', code, message: code === 'above-agreed' ? words : outcome.message }
    }
    case 'payment-refused':
      if (ending.wallet.isOverBudget()) return { type: 'not-payable', code: 'over-budget', message: outcome.message }
      return (await giveUp(ending)) ?? outcome
    case 'payment-unknown':
      return (await giveUp(ending)) ?? outcome
    case 'timeout': {
      const isOver = clock.now() > hire.deadline * 1000
      if (isOver && paymentStandingOf(await ending.payments.lastAttempt(hire.id)) === 'none') {
        await close(ending, 'withdrawn', 'deadline-passed')
        await ending.cancel('deadline-passed')
      }
      return outcome
    }
    // Not acknowledged: what cannot be had is not ours yet.
    case 'unfetched':
    case 'stopped':
      return outcome
  }
}

/** What is on disk is what is acknowledged: read again, it gives the same bytes. */
async function keep({ hire, journal, dialogue, clock }: Ending, outcome: Result): Promise<SavedResult> {
  const { resultId: messageId, content, encoding, contentType, httpStatus } = outcome
  return journal.saveResult(hire.id, {
    ...{ messageId, jobId: dialogue.jobOf(messageId), content, encoding, contentType, httpStatus },
    sha256: sha256Of(outcome.body),
    at: clock.now(),
  })
}

async function finish(ending: Ending, result: SavedResult): Promise<HireOutcome> {
  const { hire, payments, dialogue } = ending
  const attempt = await payments.lastAttempt(hire.id)
  // Where the payment is in doubt the result speaks for it: counted as paid.
  const amountMsat = attempt !== null && mayBePaid(attempt) ? attempt.intent.amountMsat : ZERO_MSAT
  const closing: Closing = ending
  const round = dialogue.roundOf(result.jobId) ?? dialogue.round
  const acknowledged = await acknowledge(closing, { round, result, amountMsat })
  if (acknowledged && hire.attest) await attest(closing)
  // Not closed before it is acknowledged: taking it up again does that.
  if (acknowledged) await close(ending, 'done', '')
  return { type: 'result', ...contentOf(result), amountMsat, acknowledged }
}

function contentOf({ messageId, at: _, ...kept }: SavedResult) {
  const bytes = decodeOutput(kept.content, kept.encoding)
  return { ...kept, resultId: messageId, body: isMalformed(bytes) ? Buffer.from(kept.content) : bytes }
}

/**
 * Nothing more will come of it. What was reserved is spent or free from here on: spent, unless the journal or the caller knows that
 * nothing was paid.
 */
async function close(
  ending: Ending,
  outcome: ClosedHire['outcome'],
  reason: string,
  known: { readonly unpaid: boolean } = { unpaid: false },
): Promise<void> {
  const { hire, journal, payments, budget, clock } = ending
  const attempt = await payments.lastAttempt(hire.id)
  const paid = !known.unpaid && mayBePaid(attempt)
  // ORDER: the ledger first: a hire that is closed is never looked at again.
  if (await budget.isReserved(hire.id)) {
    const feesMsat = attempt?.outcome?.type === 'paid' ? attempt.outcome.feesMsat : null
    if (paid && attempt !== null) await budget.settle(hire.id, attempt.intent.amountMsat, feesMsat)
    else await budget.release(hire.id)
  }
  const { id, provider, task } = hire
  await journal.close({ id, provider, task, outcome, paid, reason, at: clock.now() })
}

function mayBePaid(attempt: PaymentAttempt | null): boolean {
  const standing = paymentStandingOf(attempt)
  return standing !== 'none' && standing !== 'refused'
}

/**
 * A payment that can no longer be made: its invoice has expired long ago, and the wallet says that it failed or never was. Only
 * then is what was reserved free again. Null where that cannot be said.
 */
async function giveUp(ending: Ending): Promise<HireOutcome | null> {
  const { hire, payments, rules, clock, wallet } = ending
  const pinned = await payments.offer(hire.id)
  const invoice = pinned === null ? null : rules.decodeInvoice(pinned.bolt11)
  if (pinned === null || invoice === null || isMalformed(invoice)) return null
  if (clock.now() < invoice.expiresAt + EXPIRY_GRACE_MS) return null
  const seen = await wallet.lookupPayment(pinned.paymentHash).catch(() => null)
  if (seen?.state === 'settled') {
    await lookUpPayment({ wallet, journal: payments, clock }, hire.id)
    return null
  }
  if (seen?.state !== 'failed' && seen?.state !== 'not_found') return null
  await close(ending, 'withdrawn', 'payment-failed', { unpaid: true })
  return { type: 'payment-refused', message: 'the invoice has expired, and no payment of it was made' }
}

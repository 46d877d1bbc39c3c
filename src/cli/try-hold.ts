/** Does a wallet do with hold invoices what it says? One of a sat is made, looked up and taken back; nobody is shown it. */
import { createHash, randomBytes } from 'node:crypto'
import { isMalformed, type PaymentHash } from '../core/identifiers.js'
import { msatFromSats } from '../core/money.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { Wallet } from '../ports.js'
import { whyCannotHold } from '../settlement/choose.js'
import type { Finding } from './finding.js'

const ONE_SAT = msatFromSats(1)
/** What wraps of ordinary invoices ask for. */
const BLOCKS = 386
const EXPIRY_SECONDS = 60

/** Nobody knows the preimage: whatever were paid to it would go back. Null where the wallet does not claim the ability. */
export async function tryHold(name: string, wallet: Wallet): Promise<Finding | null> {
  if (whyCannotHold(wallet) !== null) return null
  const finding = (ok: boolean, says: string): Finding => ({
    ...{ type: 'wallet', name, verdict: ok ? 'ok' : 'failed', says },
  })
  const paymentHash = createHash('sha256').update(randomBytes(32)).digest('hex') as PaymentHash
  try {
    const terms = { amountMsat: ONE_SAT, expirySeconds: EXPIRY_SECONDS, minCltvDelta: BLOCKS }
    const made = await wallet.makeHoldInvoice({ ...terms, paymentHash, description: 'tollbridge check' })
    if (made.type === 'taken') return finding(false, 'It says that it has an invoice on a hash that is new.')
    const wrong = whatIsWrong(made.bolt11, paymentHash)
    const { state } = await wallet.lookupInvoice(paymentHash)
    const isBack = await wallet.cancelHoldInvoice(paymentHash).then(
      () => true,
      () => false,
    )
    if (wrong !== null) return finding(false, `Its hold invoice cannot be used: ${wrong}.`)
    if (state !== 'pending') return finding(false, `It calls a hold invoice ${state} that was only just made.`)
    const end = isBack ? 'taken back' : `not taken back before it is paid: it ends by itself within ${EXPIRY_SECONDS} s`
    return finding(true, `A hold invoice of one sat was made, found and ${end}.`)
  } catch (error) {
    return finding(false, `It made no hold invoice: ${error instanceof Error ? error.message : 'it does not answer'}`)
  }
}

function whatIsWrong(bolt11: string, paymentHash: PaymentHash): string | null {
  const invoice = decodeInvoice(bolt11)
  if (isMalformed(invoice)) return invoice.malformed
  if (invoice.paymentHash !== paymentHash) return 'it is on another payment hash'
  if (invoice.amountMsat !== ONE_SAT) return 'it is for another amount'
  if (invoice.minFinalCltv < BLOCKS) return `it holds for ${invoice.minFinalCltv} blocks where ${BLOCKS} were asked for`
  return null
}

/** How does a held payment end? It is settled or cancelled, and done only where the wallet says so or its look-up shows it. */
import type { PaymentHash, Preimage } from '../core/identifiers.js'
import { isPreimageOf } from '../l402/credential.js'
import type { NwcMethod } from './nwc-client.js'
import { findIncoming, refusalOf, type Source } from './nwc-lookup.js'
import type { NwcTransaction } from './nwc-transaction.js'
import { walletFault } from './wallet-fault.js'

/** Null: the wallet does not know it. */
type Proves = (found: NwcTransaction | null, code: string) => boolean

/** Wallets refuse to settle what they settled already: then the look-up shows it. */
const isSettled: Proves = (found) => found?.state === 'settled'

/**
 * What can no longer be settled is cancelled. Wallets that cancel accepted holds only answer NOT_FOUND for an open one: it is done when its
 * time is over. Expired means nothing beside any other refusal, since an accepted hold is called that too.
 */
const isGone: Proves = (found, code) => {
  if (found?.state === 'cancelled' || found?.state === 'failed') return true
  const said = code === 'NOT_FOUND' || code === 'local:empty'
  return said && (found === null || found.state === 'expired')
}

async function release(
  source: Source,
  method: NwcMethod,
  { paymentHash, parameters, proves }: { paymentHash: PaymentHash; parameters: object; proves: Proves },
): Promise<void> {
  const reply = await source.ask(method, parameters)
  if (reply.type === 'error') {
    const refusal = refusalOf(reply.code, method)
    if (reply.code === 'local:stopped') throw refusal
    const found = await findIncoming(source, paymentHash).catch(() => {
      throw refusal
    })
    if (!proves(found, reply.code)) throw refusal
  }
}

export async function settleHoldInvoice(source: Source, preimage: Preimage, paymentHash: PaymentHash): Promise<void> {
  if (!isPreimageOf(preimage, paymentHash)) {
    throw walletFault('the preimage is not that of the payment hash')
  }
  await release(source, 'settle_hold_invoice', { paymentHash, parameters: { preimage }, proves: isSettled })
  source.held.forget(paymentHash)
}

export async function cancelHoldInvoice(source: Source, paymentHash: PaymentHash): Promise<void> {
  const parameters = { payment_hash: paymentHash }
  await release(source, 'cancel_hold_invoice', { paymentHash, parameters, proves: isGone })
  source.held.cancelled(paymentHash)
}

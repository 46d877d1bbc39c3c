/** What does the embedded wallet do with hold invoices? The methods of NIP-47 for it, on a node that can hold payments. */
import { isMalformed, parsePreimage } from '../core/identifiers.js'
import type { HoldNode, IncomingPayment, LightningNode } from './lightning/node.js'
import { sha256Hex } from './lightning/ledger.js'
import type { NwcBehaviour } from './nwc-behaviour.js'
import { missing, NwcRefusal, readAmount, readPaymentHash } from './nwc-refusal.js'
import { tellIncoming } from './nwc-tell.js'

export const HOLD_METHODS = ['make_hold_invoice', 'settle_hold_invoice', 'cancel_hold_invoice'] as const

const DEFAULT_EXPIRY_SECONDS = 3_600

type Parameters = Readonly<Record<string, unknown>>

export const isHoldNode = (node: LightningNode): node is HoldNode => 'settleHold' in node

export function createHoldMethods(
  node: HoldNode,
  behaviour: () => NwcBehaviour,
): Readonly<Record<(typeof HOLD_METHODS)[number], (parameters: Parameters) => Promise<object>>> {
  /** A strict wallet knows what is accepted, and nothing else. */
  const inReach = (paymentHash: string): IncomingPayment => {
    const payment = node.lookup(paymentHash) ?? missing()
    if (behaviour().holds === 'strict' && payment.state !== 'accepted') return missing()
    return payment
  }
  return {
    async make_hold_invoice({ amount, description, expiry, payment_hash: hash, min_cltv_expiry_delta: delta }) {
      const paymentHash = readPaymentHash(hash)
      if (node.lookup(paymentHash)) throw new NwcRefusal('OTHER', 'an invoice with this payment hash exists')
      await node.makeInvoice({
        amountMsat: readAmount(amount),
        description: typeof description === 'string' ? description : '',
        expirySeconds: typeof expiry === 'number' ? expiry : DEFAULT_EXPIRY_SECONDS,
        paymentHash,
        ...(typeof delta === 'number' ? { minCltvDelta: delta } : {}),
      })
      return tellIncoming(node.lookup(paymentHash) ?? missing())
    },
    async settle_hold_invoice({ preimage: value }) {
      const preimage = parsePreimage(value)
      if (isMalformed(preimage)) throw new NwcRefusal('OTHER', preimage.malformed)
      const { state } = inReach(sha256Hex(preimage))
      if (state !== 'accepted' && state !== 'settled') throw new NwcRefusal('OTHER', `the hold invoice is ${state}`)
      node.settleHold(preimage)
      return {}
    },
    async cancel_hold_invoice({ payment_hash: hash }) {
      const paymentHash = readPaymentHash(hash)
      if (inReach(paymentHash).state === 'settled') throw new NwcRefusal('OTHER', 'the hold invoice is settled')
      node.cancelHold(paymentHash)
      return {}
    },
  }
}

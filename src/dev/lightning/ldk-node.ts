/** How does a real node of LDK serve as a Lightning node of the embedded world? Invoices and payments over its channel. */
import { randomBytes } from 'node:crypto'
import type { Event } from 'lightningdevkit'
import type { PaymentHash, Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import type { RegtestChain } from './ldk-chain.js'
import type { LdkPackages } from './ldk-package.js'
import type { LdkPeer } from './ldk-peer.js'
import { createLedger, sha256Hex } from './ledger.js'
import { PaymentFault, type Invoice, type LightningNode, type Receipt } from './node.js'
import { readPayable } from './sign-invoice.js'
import { createUnderWay } from './under-way.js'

export interface LdkNode extends LightningNode {
  /** What this node can send at the moment. */
  spendableMsat(): Msat
}

export interface LdkNodeParts {
  readonly packages: LdkPackages
  readonly peer: LdkPeer
  readonly chain: RegtestChain
  /** Makes the nodes work off what they were given. */
  readonly run: () => void
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Buffer.from(text, 'hex')

/** The node, and what feeds it the events of its LDK half. */
export function createLdkNode({ packages, peer, chain, run }: LdkNodeParts): {
  node: LdkNode
  onEvent(event: Event): void
} {
  const { ldk } = packages
  const { manager } = peer
  const ledger = createLedger(Date.now)
  const underWay = createUnderWay()
  const answers = new Map<string, { resolve(receipt: Receipt): void; reject(fault: PaymentFault): void }>()

  const onEvent = (event: Event) => {
    if (event instanceof ldk.Event_PendingHTLCsForwardable) {
      manager.process_pending_htlc_forwards()
    } else if (event instanceof ldk.Event_PaymentClaimable) {
      const preimage = ledger.lookup(hex(event.payment_hash))?.preimage
      if (preimage) manager.claim_funds(bytes(preimage))
    } else if (event instanceof ldk.Event_PaymentClaimed) {
      const paymentHash = hex(event.payment_hash)
      const preimage = ledger.lookup(paymentHash)?.preimage
      if (preimage) ledger.received(paymentHash, Number(event.amount_msat) as Msat, preimage)
    } else if (event instanceof ldk.Event_PaymentSent) {
      const paymentHash = hex(event.payment_hash)
      const fee = event.fee_paid_msat
      const preimage = hex(event.payment_preimage) as Preimage
      const feesMsat = (fee instanceof ldk.Option_u64Z_Some ? Number(fee.some) : 0) as Msat
      ledger.sent(paymentHash, preimage, feesMsat)
      answers.get(paymentHash)?.resolve({ preimage, feesMsat })
    } else if (event instanceof ldk.Event_PaymentFailed) {
      // The payment id is the payment hash.
      const paymentHash = hex(event.payment_id)
      ledger.failed(paymentHash)
      answers.get(paymentHash)?.reject(new PaymentFault('refused', 'the payment found no way to the payee'))
    }
  }

  const makeInvoice = async (request: Parameters<LightningNode['makeInvoice']>[0]): Promise<Invoice> => {
    const { amountMsat, description, expirySeconds } = request
    chain.bringUpToDate()
    const preimage = request.paymentHash === undefined ? (hex(randomBytes(32)) as Preimage) : null
    const paymentHash = request.paymentHash ?? (sha256Hex(preimage ?? '') as PaymentHash)
    const text = ldk.Description.constructor_new(description)
    if (!(text instanceof ldk.Result_DescriptionCreationErrorZ_OK)) throw new Error('the description is too long')
    const made = manager.create_bolt11_invoice(
      amountMsat === null ? ldk.Option_u64Z.constructor_none() : ldk.Option_u64Z.constructor_some(BigInt(amountMsat)),
      ldk.Bolt11InvoiceDescription.constructor_direct(text.res),
      ldk.Option_u32Z.constructor_some(expirySeconds),
      ldk.Option_u16Z.constructor_none(),
      ldk.Option_ThirtyTwoBytesZ.constructor_some(bytes(paymentHash)),
    )
    if (!(made instanceof ldk.Result_Bolt11InvoiceSignOrCreationErrorZ_OK)) throw new Error('LDK made no invoice')
    const bolt11 = made.res.to_str()
    ledger.invoiced({ paymentHash, bolt11, description, amountMsat, preimage, expirySeconds })
    run()
    return { bolt11, paymentHash, preimage }
  }

  /** @returns why LDK did not start it, or null. */
  const start = (bolt11: string, paymentHash: string, amountGiven: Msat | null): string | null => {
    const parsed = ldk.Bolt11Invoice.constructor_from_str(bolt11)
    if (!(parsed instanceof ldk.Result_Bolt11InvoiceParseOrSemanticErrorZ_OK)) return 'this is not an invoice'
    const parameters =
      amountGiven === null
        ? ldk.UtilMethods.constructor_payment_parameters_from_invoice(parsed.res)
        : ldk.UtilMethods.constructor_payment_parameters_from_variable_amount_invoice(parsed.res, BigInt(amountGiven))
    if (!(parameters instanceof ldk.Result_C3Tuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZNoneZ_OK)) {
      return 'the amount does not fit the invoice'
    }
    const [hash, onion, route] = [parameters.res.get_a(), parameters.res.get_b(), parameters.res.get_c()]
    const sent = manager.send_payment(hash, onion, bytes(paymentHash), route, ldk.Retry.constructor_attempts(1))
    return sent.is_ok() ? null : 'no route to the payee'
  }

  const node: LdkNode = {
    id: hex(peer.nodeId),
    network: 'regtest',
    lookup: ledger.lookup,
    incoming: ledger.incoming,
    outgoing: ledger.outgoing,
    payments: ledger.payments,
    onSettled: ledger.onSettled,
    onSent: ledger.onSent,
    makeInvoice,
    spendableMsat: () =>
      manager
        .list_usable_channels()
        .reduce((sum, channel) => sum + Number(channel.get_outbound_capacity_msat()), 0) as Msat,
    async pay(bolt11, amountGiven) {
      if (underWay.stopped) throw new PaymentFault('refused', 'the node has stopped')
      const { paymentHash, amountMsat, amountNamed } = readPayable(bolt11, amountGiven, Date.now())
      const before = ledger.outgoing(paymentHash)?.state
      if (before === 'pending' || before === 'settled')
        throw new PaymentFault('refused', `a payment of it is ${before}`)
      ledger.sending({ paymentHash, bolt11, amountMsat })
      const refused = start(bolt11, paymentHash, amountNamed ? null : amountMsat)
      if (refused !== null) {
        ledger.failed(paymentHash)
        throw new PaymentFault('refused', refused)
      }
      return underWay.until<Receipt>((resolve, reject) => {
        answers.set(paymentHash, { resolve, reject })
        run()
        return () => answers.delete(paymentHash)
      })
    },
    stop: underWay.stop,
  }
  return { node, onEvent }
}

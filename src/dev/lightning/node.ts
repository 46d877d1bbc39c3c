/** What can a Lightning node of the embedded world do? One socket for the real nodes (LDK) and the simulated ones. */
import type { Millis, PaymentHash, Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'

export interface InvoiceRequest {
  /** Null asks for an invoice without an amount. */
  readonly amountMsat: Msat | null
  readonly description: string
  /** In hex; stands in the invoice in the place of the description. Simulated nodes only. */
  readonly descriptionHash?: string
  readonly expirySeconds: number
  /**
   * The hash of a preimage that somebody else knows: a hold invoice. A payment to it is accepted and waits, for a `HoldNode` to settle or
   * cancel; other nodes leave it pending, since they cannot claim it.
   */
  readonly paymentHash?: PaymentHash
  /** BOLT11 `c`, in blocks. */
  readonly minCltvDelta?: number
}

/** What a payment may cost beyond its amount. */
export interface SendLimits {
  readonly maxFeeMsat?: Msat
  /** Blocks until the last hop's expiry, its own delta included. */
  readonly maxDelayBlocks?: number
}

export interface Invoice {
  /** BOLT11, signed by the node's key, `lnbcrt…`. */
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  /** Null where the payment hash was given. A secret. */
  readonly preimage: Preimage | null
}

export interface IncomingPayment {
  readonly paymentHash: PaymentHash
  readonly bolt11: string
  readonly description: string
  /** What arrived, once settled; before that what the invoice asks for, null where it names no amount. */
  readonly amountMsat: Msat | null
  readonly state: 'pending' | 'accepted' | 'settled' | 'expired' | 'cancelled'
  /** Known to the node from the start where it made the preimage itself. A secret until `settled`. */
  readonly preimage: Preimage | null
  readonly createdAt: Millis
  readonly expiresAt: Millis
  /** Null unless settled. */
  readonly settledAt: Millis | null
  /** The block height at which an accepted payment goes back to its payer; null unless accepted. */
  readonly settleDeadline: number | null
}

export interface OutgoingPayment {
  readonly paymentHash: PaymentHash
  readonly bolt11: string
  readonly amountMsat: Msat
  readonly state: 'pending' | 'settled' | 'failed'
  /** Null unless settled. */
  readonly preimage: Preimage | null
  readonly feesMsat: Msat | null
  readonly createdAt: Millis
  readonly settledAt: Millis | null
}

export interface Receipt {
  readonly preimage: Preimage
  readonly feesMsat: Msat
}

/** `refused`: not sent and never will be. `unknown`: it may have been sent; look it up, never pay again. */
export type PaymentFaultCode = 'refused' | 'unknown'

/** What `pay` rejects with. The message holds no secret. */
export class PaymentFault extends Error {
  readonly code: PaymentFaultCode
  constructor(code: PaymentFaultCode, reason: string) {
    super(reason)
    this.name = 'PaymentFault'
    this.code = code
  }
}

export interface LightningNode {
  /** The node's public key: 33 bytes in lower-case hex, recoverable from each of its invoices. */
  readonly id: string
  readonly network: 'regtest'
  makeInvoice(request: InvoiceRequest): Promise<Invoice>
  /** Incoming only. */
  lookup(paymentHash: string): IncomingPayment | undefined
  /** Every invoice made, newest first. A snapshot. */
  incoming(): IncomingPayment[]
  /** Outgoing only. */
  outgoing(paymentHash: string): OutgoingPayment | undefined
  /** Every payment tried, newest first. A snapshot. */
  payments(): OutgoingPayment[]
  /**
   * Pays an invoice with an amount; `amountMsat` is for one without. Not idempotent, but a second call for a hash that is pending or
   * settled is refused. @throws PaymentFault
   */
  pay(bolt11: string, amountMsat?: Msat, limits?: SendLimits): Promise<Receipt>
  /** Called once per incoming payment, when it is settled. Returns the way to stop listening. */
  onSettled(listener: (payment: IncomingPayment) => void): () => void
  /** Called once per outgoing payment, when its preimage is known. Returns the way to stop listening. */
  onSent(listener: (payment: OutgoingPayment) => void): () => void
  /** Idempotent. What is pending stays pending. */
  stop(): void
}

/** A node that can hold a payment and decide later. */
export interface HoldNode extends LightningNode {
  blockHeight(): number
  /** Claims an accepted payment; again for one that is settled with this preimage. @throws in any other state. */
  settleHold(preimage: Preimage): IncomingPayment
  /** Sends an accepted payment back, or ends an open hold invoice; again for one that is cancelled. @throws for a settled one. */
  cancelHold(paymentHash: string): IncomingPayment
  /** Called once per hold invoice, when its payment is accepted. Returns the way to stop listening. */
  onAccepted(listener: (payment: IncomingPayment) => void): () => void
}

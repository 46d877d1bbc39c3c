/** What have customers paid to our own wallet? Hold invoices and plain ones, with their deadlines; all of it outlives a crash. */
import { createHash } from 'node:crypto'
import type { Millis, PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { signInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import type {
  HoldInvoiceOutcome,
  HoldInvoiceRequest,
  IncomingState,
  InvoiceRequest,
  MadeInvoice,
} from '../../../src/ports.js'
import type { Chain } from './chain.js'
import type { World } from './world.js'

export const PURSE_KEY = Buffer.alloc(32, 0x44)
/** BOLT11's default, where the invoice names none. */
const LEAST_DELTA = 18

export interface OwnInvoice {
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly expiresAt: Millis
  /** Null for a hold invoice. */
  readonly preimage: Preimage | null
  readonly minCltvDelta: number
  state: 'open' | 'accepted' | 'settled' | 'returned'
  settleDeadline: number | null
  /** When the customer's money came. */
  paidAt: Millis | null
  settledAt: Millis | null
  /** Who ended a payment that was held. `fault`: the wallet lost it. */
  endedBy: 'settle' | 'cancel' | 'deadline' | 'fault' | null
}

export interface OwnInvoices {
  all(): readonly OwnInvoice[]
  byBolt11(bolt11: string): OwnInvoice | undefined
  byHash(paymentHash: string): OwnInvoice | undefined
  make(request: InvoiceRequest): MadeInvoice
  makeHold(request: HoldInvoiceRequest): HoldInvoiceOutcome
  /** What the wallet says of it. */
  tell(paymentHash: string): IncomingState
  /** A customer pays: at once ours, or held. */
  pay(invoice: OwnInvoice): void
  /** @throws as the port does. */
  settle(preimage: Preimage, paymentHash: PaymentHash): void
  cancel(paymentHash: PaymentHash): void
  onPaid(listener: (invoice: OwnInvoice) => void): () => void
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

export function createOwnInvoices({ plan, agenda, trace }: World, chain: Chain): OwnInvoices {
  const invoices: OwnInvoice[] = []
  const listeners = new Set<(invoice: OwnInvoice) => void>()
  const { purchase } = plan
  const byHash = (paymentHash: string) => invoices.find((invoice) => invoice.paymentHash === paymentHash)

  function add(
    { amountMsat, description, expirySeconds }: InvoiceRequest,
    { paymentHash, preimage }: Pick<OwnInvoice, 'paymentHash' | 'preimage'>,
    delta: number,
  ): OwnInvoice {
    const timestamp = Math.floor(agenda.now() / 1000)
    const paymentSecret = sha256(`own secret ${invoices.length}`).toString('hex')
    const terms = { paymentHash, paymentSecret, amountMsat, description, timestamp, expirySeconds }
    const made: OwnInvoice = {
      bolt11: signInvoice({ ...terms, minCltvDelta: delta, prefix: 'bcrt' }, PURSE_KEY),
      paymentHash,
      amountMsat,
      expiresAt: (timestamp + expirySeconds) * 1000,
      preimage,
      minCltvDelta: delta,
      state: 'open',
      settleDeadline: null,
      paidAt: null,
      settledAt: null,
      endedBy: null,
    }
    invoices.push(made)
    return made
  }

  function end(invoice: OwnInvoice, endedBy: NonNullable<OwnInvoice['endedBy']>): void {
    invoice.state = endedBy === 'settle' ? 'settled' : 'returned'
    invoice.endedBy = endedBy
    if (endedBy === 'settle') invoice.settledAt = agenda.now()
    trace?.(`what was held for ${invoice.paymentHash.slice(0, 8)} ends by ${endedBy}`)
  }

  function hold(invoice: OwnInvoice): void {
    invoice.state = 'accepted'
    invoice.settleDeadline = chain.height() + invoice.minCltvDelta
    const goBack = (how: 'deadline' | 'fault') => () => {
      if (invoice.state === 'accepted') end(invoice, how)
    }
    chain.at(invoice.settleDeadline, goBack('deadline'), () => invoice.state === 'accepted')
    if (purchase?.vanishesMs != null) agenda.after(purchase.vanishesMs, goBack('fault'))
    if (purchase?.rush) chain.rushOnce(purchase.rush)
  }

  return {
    all: () => invoices,
    byHash,
    byBolt11: (bolt11) => invoices.find((invoice) => invoice.bolt11 === bolt11),
    make(request) {
      const preimage = sha256(`own ${plan.seed} ${invoices.length}`).toString('hex') as Preimage
      const paymentHash = sha256(Buffer.from(preimage, 'hex')).toString('hex') as PaymentHash
      return { bolt11: add(request, { paymentHash, preimage }, LEAST_DELTA).bolt11, paymentHash }
    },
    makeHold(request) {
      const known = byHash(request.paymentHash)
      if (known) {
        return known.amountMsat === request.amountMsat ? { type: 'made', bolt11: known.bolt11 } : { type: 'taken' }
      }
      const { paymentHash, minCltvDelta } = request
      const delta = purchase?.ownDelta ?? minCltvDelta
      return { type: 'made', bolt11: add(request, { paymentHash, preimage: null }, delta).bolt11 }
    },
    tell(paymentHash) {
      const invoice = byHash(paymentHash)
      if (!invoice) return { state: 'not_found' }
      const { state, amountMsat, settledAt, preimage, settleDeadline } = invoice
      const hasExpired = agenda.now() > invoice.expiresAt
      switch (state) {
        case 'open':
          return { state: hasExpired ? 'expired' : 'pending' }
        case 'accepted':
          if (hasExpired && purchase?.saysExpired) return { state: 'expired' }
          return { state, amountMsat, settleDeadline: purchase?.tellsDeadline ? settleDeadline : null }
        case 'settled':
          return { state, preimage, amountMsat, settledAt }
        case 'returned':
          return { state: 'cancelled' }
      }
    },
    pay(invoice) {
      if (invoice.state !== 'open') return
      invoice.paidAt = agenda.now()
      trace?.(`customer pays our ${invoice.paymentHash.slice(0, 8)}`)
      if (invoice.preimage === null) {
        hold(invoice)
      } else {
        invoice.state = 'settled'
        invoice.settledAt = agenda.now()
      }
      for (const listener of listeners) listener(invoice)
    },
    settle(preimage, paymentHash) {
      const invoice = byHash(paymentHash)
      const fits = sha256(Buffer.from(preimage, 'hex')).toString('hex') === paymentHash
      if (invoice?.state === 'settled') return
      if (invoice?.state !== 'accepted' || !fits) throw new Error('no accepted payment of this hash')
      end(invoice, 'settle')
    },
    cancel(paymentHash) {
      const invoice = byHash(paymentHash)
      if (!invoice || invoice.state === 'returned') return
      if (invoice.state === 'settled') throw new Error('it is settled')
      end(invoice, 'cancel')
    },
    onPaid(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

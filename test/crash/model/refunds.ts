/** Where does money go back to? A customer's address that gives another invoice each time it is asked; it outlives every crash. */
import { createHash } from 'node:crypto'
import type { Millis, PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { signInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import type { RefundDesk } from '../../../src/steps/context.js'
import type { World } from './world.js'
import { callPort, type Life } from './world.js'

/** One for each job, so that it can be told whose money went back. */
export const refundAddressOf = (number: number): string => `job${number}@wallet.example`

const CUSTOMER_NODE_KEY = Buffer.alloc(32, 0x55)
const EXPIRY_SECONDS = 600

export interface RefundInvoice {
  readonly paymentHash: PaymentHash
  /** The address that gave it. */
  readonly address: string
  readonly preimage: Preimage
  readonly bolt11: string
  readonly amountMsat: Msat
  readonly expiresAt: Millis
  settledAt: Millis | null
}

export interface RefundInvoices {
  all(): readonly RefundInvoice[]
  byHash(paymentHash: string): RefundInvoice | undefined
  make(address: string, amountMsat: Msat): RefundInvoice
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

export function createRefundInvoices({ plan, agenda }: World): RefundInvoices {
  const invoices: RefundInvoice[] = []
  return {
    all: () => invoices,
    byHash: (paymentHash) => invoices.find((invoice) => invoice.paymentHash === paymentHash),
    make(address, amountMsat) {
      const preimage = sha256(`refund ${plan.seed} ${invoices.length}`)
      const paymentHash = sha256(preimage).toString('hex') as PaymentHash
      const paymentSecret = sha256(`refund secret ${invoices.length}`).toString('hex')
      const timestamp = Math.floor(agenda.now() / 1000)
      const terms = { paymentHash, paymentSecret, amountMsat, description: 'a refund', timestamp }
      const bolt11 = signInvoice({ ...terms, expirySeconds: EXPIRY_SECONDS, prefix: 'bcrt' }, CUSTOMER_NODE_KEY)
      const expiresAt = (timestamp + EXPIRY_SECONDS) * 1000
      const made = {
        address,
        paymentHash,
        preimage: preimage.toString('hex') as Preimage,
        bolt11,
        amountMsat,
        expiresAt,
      }
      const invoice: RefundInvoice = { ...made, settledAt: null }
      invoices.push(invoice)
      return invoice
    },
  }
}

/** The customer's server has its bad moments, too. */
export const createRefundDesk = (life: Life, invoices: RefundInvoices): RefundDesk => ({
  invoiceFrom: (destination, amountMsat) =>
    callPort(life, 'refund invoice', () => {
      if (life.world.chance.of(15) || destination.type !== 'address') return { obstacle: 'no answer', final: false }
      return invoices.make(`${destination.name}@${destination.domain}`, amountMsat).bolt11
    }),
})

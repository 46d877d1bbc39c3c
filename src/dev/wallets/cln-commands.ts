/** What does each command of Core Lightning do? Parameters in, results or numbered errors out; no HTTP here. */
import { PaymentFault, type IncomingPayment } from '../lightning/node.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import { createClnBooks } from './cln-books.js'
import { createHoldCommands } from './cln-hold-commands.js'
import { INVALID_PARAMETERS, readMsat, RpcError, type CommandTable, type Parameters } from './cln-rpc.js'
import { HungUp } from './wire.js'

const FAILED_AT_DESTINATION = 203
const NO_ROUTE = 205
const NOTHING_YET = 904

export interface ClnCommands {
  readonly table: CommandTable
  stop(): void
}

export interface ClnManners {
  readonly cancelsOpen: boolean
  readonly amountsInWords: boolean
  /** Ids of the nodes that a route leads to. */
  readonly peers: readonly string[]
}

export function createClnCommands(node: SimulatedNode, manners: ClnManners): ClnCommands {
  const books = createClnBooks(node)
  const tellMsat = (amount: number): number | string => (manners.amountsInWords ? `${amount}msat` : amount)

  const tell = (payment: IncomingPayment): object => {
    const { state, paymentHash, bolt11, description, amountMsat, preimage, expiresAt, settledAt } = payment
    const { label, payIndex, updatedIndex } = books.entry(paymentHash)
    const isPaid = state === 'settled'
    return {
      label,
      bolt11,
      payment_hash: paymentHash,
      description,
      ...(amountMsat === null ? {} : { amount_msat: tellMsat(amountMsat) }),
      status: isPaid ? 'paid' : state === 'expired' ? 'expired' : 'unpaid',
      expires_at: Math.floor(expiresAt / 1000),
      ...(updatedIndex > 0 ? { updated_index: updatedIndex } : {}),
      ...(isPaid
        ? {
            pay_index: payIndex,
            amount_received_msat: tellMsat(amountMsat ?? 0),
            paid_at: Math.floor((settledAt ?? 0) / 1000),
            payment_preimage: preimage,
          }
        : {}),
    }
  }

  async function pay(bolt11: unknown, { maxfee, maxdelay }: Parameters): Promise<object> {
    const limits = {
      ...(maxfee === undefined ? {} : { maxFeeMsat: readMsat(maxfee) }),
      ...(typeof maxdelay === 'number' ? { maxDelayBlocks: maxdelay } : {}),
    }
    try {
      const { preimage, feesMsat } = await node.pay(String(bolt11), undefined, limits)
      const paid = node.payments().find((payment) => payment.preimage === preimage)
      const amount = paid?.amountMsat ?? 0
      const amounts = { amount_msat: tellMsat(amount), amount_sent_msat: tellMsat(amount + feesMsat) }
      return { payment_preimage: preimage, ...amounts, failed_parts: 0, successful_parts: 1 }
    } catch (error) {
      if (!(error instanceof PaymentFault) || error.code === 'unknown') throw new HungUp()
      if (/not an invoice/.test(error.message)) throw new RpcError(INVALID_PARAMETERS, 'Invalid bolt11')
      throw new RpcError(/route/.test(error.message) ? NO_ROUTE : FAILED_AT_DESTINATION, error.message)
    }
  }

  const table: CommandTable = {
    ...createHoldCommands(node, { ...manners, isOrdinary: (hash) => !books.isHold(hash), noteHold: books.noteHold }),
    getinfo: async () => ({
      id: node.id,
      alias: 'tollbridge-dev',
      network: node.network,
      blockheight: node.blockHeight(),
      version: 'v25.09',
    }),
    async listinvoices({ payment_hash: hash, index, start, limit }) {
      if (typeof hash === 'string')
        return {
          invoices: books
            .ordinary()
            .filter(({ paymentHash }) => paymentHash === hash)
            .map(tell),
        }
      if (index !== 'updated') return { invoices: books.ordinary().map(tell) }
      const from = typeof start === 'number' ? start : 1
      const most = typeof limit === 'number' ? limit : Infinity
      return { invoices: books.changedSince(from).slice(0, most).map(tell) }
    },
    async waitanyinvoice({ lastpay_index: last, timeout }) {
      const paid = await books.nextPaid(typeof last === 'number' ? last : 0, typeof timeout === 'number' ? timeout : 60)
      if (paid === null) throw new RpcError(NOTHING_YET, 'Timed out while waiting for invoice to be paid')
      return tell(paid)
    },
    async invoice({ amount_msat: amount, label, description, expiry }) {
      if (typeof label !== 'string' || books.hasLabel(label)) throw new RpcError(900, 'Duplicate label')
      const invoice = await node.makeInvoice({
        amountMsat: readMsat(amount),
        description: String(description),
        expirySeconds: typeof expiry === 'number' ? expiry : 604_800,
      })
      books.noteLabel(invoice.paymentHash, label)
      return { bolt11: invoice.bolt11, payment_hash: invoice.paymentHash, expires_at: 0, payment_secret: '' }
    },
    xpay: ({ invstring, ...bounds }) => pay(invstring, bounds),
    async pay({ bolt11, ...bounds }) {
      return { ...(await pay(bolt11, bounds)), status: 'complete' }
    },
    async listpays({ payment_hash: hash }) {
      const pays = node.payments().filter(({ paymentHash }) => hash === undefined || paymentHash === hash)
      return {
        pays: pays.map(({ paymentHash, state, bolt11, amountMsat, preimage, feesMsat, createdAt }) => ({
          bolt11,
          payment_hash: paymentHash,
          status: state === 'settled' ? 'complete' : state,
          created_at: Math.floor(createdAt / 1000),
          ...(state === 'settled'
            ? { preimage, amount_msat: tellMsat(amountMsat), amount_sent_msat: tellMsat(amountMsat + (feesMsat ?? 0)) }
            : {}),
        })),
      }
    },
    async getroute({ id, cltv }) {
      if (!manners.peers.includes(String(id))) throw new RpcError(NO_ROUTE, 'Could not find a route')
      const final = typeof cltv === 'number' ? cltv : 9
      return { route: [{ id, channel: '1x1x1', delay: node.faults.routeBlocks + final, amount_msat: 0 }] }
    },
  }
  return { table, stop: books.stop }
}

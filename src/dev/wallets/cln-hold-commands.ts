/** What does the hold plugin of Core Lightning do? Its four commands over a simulated node's held payments. */
import type { IncomingPayment } from '../lightning/node.js'
import { sha256Hex } from '../lightning/ledger.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import type { ClnManners } from './cln-commands.js'
import { readHash, readMsat, RpcError, type CommandTable } from './cln-rpc.js'

/** Of the plugin itself: expiry and delta cannot be chosen. */
const EXPIRY_SECONDS = 3_600
const MIN_CLTV_DELTA = 80
/** The plugin gives a payment back so many blocks before it expires. */
const GIVEN_BACK_BLOCKS = 3
const PLUGIN_ERROR = -32700

const STATES = {
  pending: 'unpaid',
  expired: 'unpaid',
  accepted: 'accepted',
  settled: 'paid',
  cancelled: 'cancelled',
} as const

/** As the plugin's database writes a date: UTC, and no word of it. */
const date = (time: number): string => new Date(time).toISOString().slice(0, -1)

export function createHoldCommands(
  node: SimulatedNode,
  wiring: Pick<ClnManners, 'cancelsOpen'> & {
    readonly isOrdinary: (paymentHash: string) => boolean
    readonly noteHold: (paymentHash: string) => void
  },
): CommandTable {
  const held = (paymentHash: string): IncomingPayment | undefined =>
    wiring.isOrdinary(paymentHash) ? undefined : node.lookup(paymentHash)

  const tell = (payment: IncomingPayment, id: number): object => {
    const { paymentHash, bolt11, state, preimage, amountMsat, createdAt, settledAt, settleDeadline } = payment
    const hasParts = state === 'accepted' || state === 'settled'
    return {
      id,
      payment_hash: paymentHash,
      ...(state === 'settled' ? { preimage, settled_at: date(settledAt ?? 0) } : {}),
      invoice: bolt11,
      state: STATES[state],
      created_at: date(createdAt),
      htlcs: hasParts
        ? [
            {
              id,
              invoice_id: id,
              state: STATES[state],
              scid: '1x1x1',
              channel_id: 0,
              msat: amountMsat,
              cltv_expiry: settleDeadline === null ? null : settleDeadline + GIVEN_BACK_BLOCKS,
              created_at: date(createdAt),
            },
          ]
        : [],
    }
  }

  return {
    async holdinvoice({ payment_hash: hash, amount }) {
      const paymentHash = readHash(hash)
      const [amountMsat, description] = [readMsat(amount), '']
      if (held(paymentHash)) throw new RpcError(PLUGIN_ERROR, 'invoice with that payment hash exists already')
      // The node itself would not notice: two books, one hash.
      if (node.lookup(paymentHash)) return { bolt11: node.lookup(paymentHash)?.bolt11 }
      const terms = { expirySeconds: EXPIRY_SECONDS, minCltvDelta: MIN_CLTV_DELTA }
      const { bolt11 } = await node.makeInvoice({ amountMsat, description, paymentHash, ...terms })
      wiring.noteHold(paymentHash)
      return { bolt11 }
    },
    async listholdinvoices({ payment_hash: hash }) {
      const all = node.incoming().filter(({ paymentHash }) => !wiring.isOrdinary(paymentHash))
      const asked = typeof hash === 'string' ? all.filter(({ paymentHash }) => paymentHash === hash) : all
      return { holdinvoices: asked.reverse().map((payment, i) => tell(payment, i + 1)) }
    },
    async settleholdinvoice({ preimage }) {
      const payment = held(sha256Hex(String(preimage)))
      if (payment?.state !== 'accepted') throw new RpcError(PLUGIN_ERROR, 'invoice not found')
      node.settleHold(preimage as Parameters<SimulatedNode['settleHold']>[0])
      return {}
    },
    async cancelholdinvoice({ payment_hash: hash }) {
      const payment = held(readHash(hash))
      const isOpen = payment?.state === 'pending' && wiring.cancelsOpen
      if (!payment || (payment.state !== 'accepted' && !isOpen)) throw new RpcError(PLUGIN_ERROR, 'invoice not found')
      node.cancelHold(payment.paymentHash)
      return {}
    },
  }
}

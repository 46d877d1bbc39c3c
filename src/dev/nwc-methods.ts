/** What does the embedded wallet do for each method of NIP-47? Requests in, results or error codes out; no Nostr here. */
import { PaymentFault, type IncomingPayment, type LightningNode, type OutgoingPayment } from './lightning/node.js'
import { decodeInvoice } from './lightning/sign-invoice.js'
import type { NwcBehaviour } from './nwc-behaviour.js'
import { createHoldMethods, HOLD_METHODS, isHoldNode } from './nwc-hold-methods.js'
import { missing, NwcRefusal, readAmount } from './nwc-refusal.js'
import { tellIncoming, tellOutgoing } from './nwc-tell.js'

/** What a connection may do: look; look and make invoices; pay too; and, where the node can, hold invoices besides. */
export type NwcPermissions = 'read' | 'receive' | 'full' | 'hold'

const READ = ['get_info', 'lookup_invoice', 'list_transactions'] as const
const METHODS_OF: Readonly<Record<NwcPermissions, readonly string[]>> = {
  read: READ,
  receive: [...READ, 'make_invoice'],
  full: [...READ, 'make_invoice', 'pay_invoice'],
  hold: [...READ, 'make_invoice', 'pay_invoice', ...HOLD_METHODS],
}
export type NwcNotification = 'payment_received' | 'payment_sent' | 'hold_invoice_accepted'

/** A node that cannot hold payments offers no method for it, whatever is permitted. */
export const permittedMethods = (permissions: NwcPermissions, node: LightningNode): readonly string[] =>
  METHODS_OF[isHoldNode(node) || permissions !== 'hold' ? permissions : 'full']

export const sentNotifications = (permissions: NwcPermissions, node: LightningNode): readonly NwcNotification[] =>
  permissions === 'hold' && isHoldNode(node)
    ? ['payment_received', 'payment_sent', 'hold_invoice_accepted']
    : ['payment_received', 'payment_sent']

/** NIP-47's largest page. */
const PAGE_SIZE = 20
const DEFAULT_EXPIRY_SECONDS = 3_600

type Parameters = Readonly<Record<string, unknown>>
export type NwcMethodTable = Readonly<Record<string, (parameters: Parameters) => Promise<object>>>

export interface NwcMethodWiring {
  readonly node: LightningNode
  readonly permissions: NwcPermissions
  /** As of now. */
  readonly behaviour: () => NwcBehaviour
}

export function createNwcMethods({ node, permissions, behaviour }: NwcMethodWiring): NwcMethodTable {
  const table: NwcMethodTable = {
    ...(isHoldNode(node) ? createHoldMethods(node, behaviour) : {}),
    get_info: async () => ({
      alias: 'tollbridge-dev',
      color: '#f7931a',
      pubkey: node.id,
      network: node.network,
      block_height: isHoldNode(node) ? node.blockHeight() : 1,
      block_hash: '00'.repeat(32),
      methods: permittedMethods(permissions, node),
      notifications: sentNotifications(permissions, node),
    }),
    async make_invoice({ amount, description, expiry }) {
      const { paymentHash } = await node.makeInvoice({
        amountMsat: readAmount(amount),
        description: typeof description === 'string' ? description : '',
        expirySeconds: typeof expiry === 'number' ? expiry : DEFAULT_EXPIRY_SECONDS,
      })
      return tellIncoming(node.lookup(paymentHash) ?? missing())
    },
    async pay_invoice({ invoice, amount }) {
      const bolt11 = typeof invoice === 'string' ? invoice : ''
      try {
        const { preimage, feesMsat } = await node.pay(bolt11, amount == null ? undefined : readAmount(amount))
        return { preimage, fees_paid: feesMsat }
      } catch (error) {
        if (error instanceof PaymentFault && error.code === 'refused')
          throw new NwcRefusal('PAYMENT_FAILED', error.message)
        throw new NwcRefusal('INTERNAL', 'the outcome of the payment is not known')
      }
    },
    async lookup_invoice(parameters) {
      const hash = readHash(parameters)
      const incoming = node.lookup(hash)
      const outgoing = node.outgoing(hash)
      if (incoming && !(outgoing && behaviour().shows === 'outgoing')) return tellIncoming(incoming)
      return tellOutgoing(outgoing ?? missing())
    },
    async list_transactions(parameters) {
      return { transactions: list(node, parameters) }
    },
  }
  return Object.fromEntries(permittedMethods(permissions, node).map((method) => [method, table[method] ?? missing]))
}

function readHash({ payment_hash: hash, invoice }: Parameters): string {
  if (typeof hash === 'string') return hash
  if (typeof invoice !== 'string') return missing()
  try {
    return decodeInvoice(invoice).paymentHash
  } catch {
    return missing()
  }
}

/** Newest first; `from` and `until` count the time of creation, both inclusive. */
function list(node: LightningNode, { from, until, limit, offset, unpaid, type }: Parameters): object[] {
  const first = typeof from === 'number' ? from : 0
  const last = typeof until === 'number' ? until : Infinity
  const skipped = typeof offset === 'number' ? Math.max(0, offset) : 0
  const size = typeof limit === 'number' && limit > 0 ? Math.min(limit, PAGE_SIZE) : PAGE_SIZE
  const told = ({ state, createdAt }: IncomingPayment | OutgoingPayment): boolean => {
    const created = Math.floor(createdAt / 1000)
    return created >= first && created <= last && (unpaid === true || state === 'settled')
  }
  const incoming = type === 'outgoing' ? [] : node.incoming().filter(told)
  const outgoing = type === 'incoming' ? [] : node.payments().filter(told)
  if (outgoing.length === 0) return incoming.slice(skipped, skipped + size).map(tellIncoming)
  return [
    ...incoming.map((payment) => ({ at: payment.createdAt, tell: () => tellIncoming(payment) })),
    ...outgoing.map((payment) => ({ at: payment.createdAt, tell: () => tellOutgoing(payment) })),
  ]
    .sort((a, b) => b.at - a.at)
    .slice(skipped, skipped + size)
    .map(({ tell }) => tell())
}

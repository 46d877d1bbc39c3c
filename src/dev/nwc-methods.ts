/** What does the embedded wallet do for each method of NIP-47? Requests in, results or error codes out; no Nostr here. */
import { isMalformed } from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import { PaymentFault, type IncomingPayment, type LightningNode, type OutgoingPayment } from './lightning/node.js'
import { decodeInvoice } from './lightning/sign-invoice.js'

/** What a connection may do: look; look and make invoices; everything. */
export type NwcPermissions = 'read' | 'receive' | 'full'

const READ = ['get_info', 'lookup_invoice', 'list_transactions'] as const
const METHODS_OF: Readonly<Record<NwcPermissions, readonly string[]>> = {
  read: READ,
  receive: [...READ, 'make_invoice'],
  full: [...READ, 'make_invoice', 'pay_invoice'],
}
export const NOTIFICATIONS = ['payment_received', 'payment_sent'] as const

export const permittedMethods = (permissions: NwcPermissions): readonly string[] => METHODS_OF[permissions]

/** NIP-47's largest page. */
const PAGE_SIZE = 20
const DEFAULT_EXPIRY_SECONDS = 3_600

/** A refusal of NIP-47: `code` is one of its error codes. */
export class NwcRefusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'NwcRefusal'
    this.code = code
  }
}

type Parameters = Readonly<Record<string, unknown>>
export type NwcMethodTable = Readonly<Record<string, (parameters: Parameters) => Promise<object>>>

export function createNwcMethods(node: LightningNode, permissions: NwcPermissions): NwcMethodTable {
  const table: NwcMethodTable = {
    get_info: async () => ({
      alias: 'tollbridge-dev',
      color: '#f7931a',
      pubkey: node.id,
      network: node.network,
      block_height: 1,
      block_hash: '00'.repeat(32),
      methods: permittedMethods(permissions),
      notifications: NOTIFICATIONS,
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
      if (incoming) return tellIncoming(incoming)
      return tellOutgoing(node.outgoing(hash) ?? missing())
    },
    async list_transactions(parameters) {
      return { transactions: list(node, parameters) }
    },
  }
  return Object.fromEntries(permittedMethods(permissions).map((method) => [method, table[method] ?? missing]))
}

function missing(): never {
  throw new NwcRefusal('NOT_FOUND', 'no such payment')
}

function readAmount(value: unknown): Msat {
  const amount = parseMsat(value)
  if (isMalformed(amount)) throw new NwcRefusal('OTHER', amount.malformed)
  return amount
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

const seconds = (time: number): number => Math.floor(time / 1000)

/** A NIP-47 transaction. The preimage is shown once it is settled, and not before. */
export function tellIncoming(payment: IncomingPayment): object {
  const { state, bolt11, description, preimage, paymentHash, amountMsat, createdAt, expiresAt, settledAt } = payment
  return {
    type: 'incoming',
    state,
    invoice: bolt11,
    description,
    ...(state === 'settled' && preimage !== null ? { preimage } : {}),
    payment_hash: paymentHash,
    amount: amountMsat ?? 0,
    fees_paid: 0,
    created_at: seconds(createdAt),
    expires_at: seconds(expiresAt),
    ...(settledAt === null ? {} : { settled_at: seconds(settledAt) }),
  }
}

export function tellOutgoing(payment: OutgoingPayment): object {
  const { state, bolt11, preimage, paymentHash, amountMsat, feesMsat, createdAt, settledAt } = payment
  return {
    type: 'outgoing',
    state,
    invoice: bolt11,
    ...(preimage === null ? {} : { preimage }),
    payment_hash: paymentHash,
    amount: amountMsat,
    fees_paid: feesMsat ?? 0,
    created_at: seconds(createdAt),
    ...(settledAt === null ? {} : { settled_at: seconds(settledAt) }),
  }
}

/** What does a wallet need around it to be held to its contract? Its node, somebody else, and what the two can do. */
import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { PaymentHash, Preimage } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import type { LightningNode } from '../../src/dev/lightning/node.js'
import type { SimulatedNode } from '../../src/dev/lightning/simulated.js'
import type { HoldInvoiceRequest, SettledIncoming, Wallet, WalletMethod } from '../../src/ports.js'

/** A node as the suite uses it. What is optional exists in the simulation only. */
export type ContractNode = Pick<LightningNode, 'id' | 'makeInvoice' | 'pay'> &
  Partial<Pick<SimulatedNode, 'faults' | 'settle' | 'balanceMsat'>>

/**
 * How the wallet's own service goes wrong, from the call on; null ends it. `late`: it does what is asked, and answers after the wallet has
 * given up waiting. `twice`: whatever it answers or pushes comes twice, where the protocol has a way for that. `otherHash`: answers are
 * about another payment. `wrongPreimage`, `emptyPreimage`: instead of the right one in what is answered and pushed; states are true.
 */
export type Misbehaviour = 'late' | 'twice' | 'otherHash' | 'wrongPreimage' | 'emptyPreimage'

export interface WalletWorld {
  /** Started. Pays and receives by `node`. */
  readonly wallet: Wallet
  readonly node: ContractNode
  /** Somebody else with a balance. */
  readonly other: ContractNode
  misbehave?(how: Misbehaviour | null): void
  /** Breaks off what the wallet listens on; what happens `meanwhile` is pushed to nobody. Resolves when it may listen again. */
  interrupt?(meanwhile: () => Promise<void>): Promise<void>
  /** True when nothing of the wallet is left open after its `stop`. */
  isClosed(): boolean
  stop(): Promise<void>
}

/** What not every wallet has, beside its methods. */
export type Trait =
  /** Nodes with faults, fees and balances, and invoices that expire at once. */
  | 'simulated'
  /** Each world begins with no payments. */
  | 'fresh'
  /** `interrupt` and `misbehave`. */
  | 'interruption'
  | 'misbehaviour'
  /** Amounts below one sat. */
  | 'msat'
  /** `getInfo` names them. */
  | 'network'
  | 'nodeId'
  /** `limits` of a payment. */
  | 'fee'
  | 'delay'
  /** An accepted hold names its deadline. */
  | 'settleDeadline'
  /** An unpaid hold invoice can be cancelled before it expires. */
  | 'cancelOpen'
  /** The delta of a hold invoice is that which was asked for. */
  | 'minCltvDelta'
  /** So is its expiry. */
  | 'holdExpiry'
  /** Settled hold invoices are among what `listIncoming` lists. */
  | 'listsHolds'

export interface WalletLacks {
  readonly lacks?: readonly (WalletMethod | Trait)[]
}

export interface Contract {
  readonly world: WalletWorld
  /** True unless the implementation says that it lacks it. */
  readonly has: (...abilities: readonly (WalletMethod | Trait)[]) => boolean
}

export const ALL_METHODS: readonly WalletMethod[] = [
  'getInfo',
  'lookupInvoice',
  'listIncoming',
  'onSettled',
  'payInvoice',
  'lookupPayment',
  'makeInvoice',
  'makeHoldInvoice',
  'settleHoldInvoice',
  'cancelHoldInvoice',
  'onAccepted',
  'estimateDelay',
]

export const UNKNOWN_HASH = 'ab'.repeat(32) as PaymentHash
export const SOON = { timeout: 20_000, interval: 10 }
export const sha256 = (hex: string): string => createHash('sha256').update(hex, 'hex').digest('hex')

export const invoiceOf = (node: ContractNode, amountMsat = 21_000, expirySeconds = 600) =>
  node.makeInvoice({ amountMsat: amountMsat as Msat, description: 'a job', expirySeconds })

/** An invoice of the node that somebody else has paid. */
export async function paidInvoiceOf({ node, other }: WalletWorld, amountMsat = 21_000) {
  const invoice = await invoiceOf(node, amountMsat)
  await other.pay(invoice.bolt11)
  return invoice
}

export const faultsOf = ({ faults }: ContractNode): NonNullable<ContractNode['faults']> => {
  if (!faults) throw new Error('this claim is for simulated nodes')
  return faults
}

export interface Hold extends HoldInvoiceRequest {
  readonly preimage: Preimage
}

export function holdRequest(changes: Partial<HoldInvoiceRequest> = {}): Hold {
  const preimage = randomBytes(32).toString('hex') as Preimage
  const paymentHash = sha256(preimage) as PaymentHash
  const terms = { amountMsat: 21_000 as Msat, description: 'a job', expirySeconds: 600, minCltvDelta: 144 }
  return { ...terms, paymentHash, preimage, ...changes }
}

/** @throws where the hash is taken. */
export async function makeHold(wallet: Wallet, request: Hold): Promise<string> {
  const { preimage: _, ...asked } = request
  const outcome = await wallet.makeHoldInvoice(asked)
  if (outcome.type !== 'made') throw new Error('the hash is taken')
  return outcome.bolt11
}

/** The payer's side: `ended` resolves with the preimage, or with null once the money is back. */
export function payLater(payer: ContractNode, bolt11: string): { readonly ended: Promise<Preimage | null> } {
  return {
    ended: payer.pay(bolt11).then(
      ({ preimage }) => preimage,
      () => null,
    ),
  }
}

export const untilState = (wallet: Wallet, paymentHash: PaymentHash, state: string): Promise<void> =>
  expect.poll(async () => (await wallet.lookupInvoice(paymentHash)).state, SOON).toBe(state)

/** A hold invoice of the wallet whose payment has arrived. */
export async function acceptedHold({ wallet, other }: WalletWorld, changes: Partial<HoldInvoiceRequest> = {}) {
  const request = holdRequest(changes)
  const bolt11 = await makeHold(wallet, request)
  const { ended } = payLater(other, bolt11)
  await untilState(wallet, request.paymentHash, 'accepted')
  return { ...request, bolt11, ended }
}

/** Every page since a time. */
export async function sweep(
  wallet: Wallet,
  since: number,
  onPage?: (page: number) => Promise<void>,
): Promise<SettledIncoming[]> {
  const all: SettledIncoming[] = []
  let cursor: string | null = null
  for (let page = 0; page < 50; page++) {
    const { settled, cursor: next } = await wallet.listIncoming({ since, cursor })
    all.push(...settled)
    if (next === null) return all
    cursor = next
    await onPage?.(page)
  }
  throw new Error('the sweep does not end')
}

/** What if Lightning were instant? Nodes that share one book: real signed invoices, no channels, faults on demand. */
import { randomBytes } from 'node:crypto'
import type { Millis } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { createLedger } from './ledger.js'
import type { IncomingPayment } from './node.js'
import { createSimulatedNode, type Member, type SimulatedNode } from './simulated-node.js'

export type { SimulatedFaults, SimulatedNode } from './simulated-node.js'

export interface SimulatedNetwork {
  /** A new node with money; its key is random unless given (32 bytes). */
  createNode(options?: { readonly key?: Buffer; readonly balanceMsat?: Msat }): SimulatedNode
  /** As `SimulatedNode.settle`, on whichever node has the invoice. */
  settle(paymentHash: string, amountMsat?: Msat): IncomingPayment
  readonly height: number
  /** Adds blocks. What is held past its deadline goes back to its payer. */
  mine(blocks: number): void
  stop(): void
}

const START_HEIGHT = 800
const START_BALANCE = 100_000_000_000 as Msat

export function createSimulatedNetwork(options: { readonly now?: () => Millis } = {}): SimulatedNetwork {
  const now = options.now ?? Date.now
  const members = new Map<string, Member>()
  let height = START_HEIGHT
  return {
    createNode({ key = randomBytes(32), balanceMsat = START_BALANCE } = {}) {
      const wallet = { balanceMsat: balanceMsat as number }
      const ledger = createLedger(now)
      const member = createSimulatedNode({ key, ledger, wallet, now, members, height: () => height })
      members.set(member.node.id, member)
      return member.node
    },
    settle(paymentHash, amountMsat) {
      for (const { node } of members.values()) {
        if (node.lookup(paymentHash)) return node.settle(paymentHash, amountMsat)
      }
      throw new Error('no invoice with this payment hash')
    },
    get height() {
      return height
    },
    mine(blocks) {
      height += blocks
      for (const { held } of members.values()) held.giveBackOverdue()
    },
    stop() {
      for (const { node } of members.values()) node.stop()
    },
  }
}

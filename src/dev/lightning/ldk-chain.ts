/** Which blocks do the LDK nodes see? A regtest chain fed by hand: headers with real proof of work, no bitcoind. */
import { createHash, randomBytes } from 'node:crypto'
import type { ChannelManager, Confirm } from 'lightningdevkit'
import type { LdkPackages } from './ldk-package.js'

export interface RegtestChain {
  /** From now on the manager and the monitor of a node are told of every block. */
  follow(manager: ChannelManager, monitor: Confirm): void
  /** Puts a transaction into the next block. */
  broadcast(transaction: Uint8Array): void
  mine(blocks: number): void
  /** Makes the chain's time the present: LDK dates its invoices by the newest block. */
  bringUpToDate(): void
  stop(): void
}

const GENESIS_HEADER = Buffer.from(
  '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff7f2002000000',
  'hex',
)
const VERSION = 0x20000000
/** Every second hash meets it. */
const EASIEST_TARGET = 0x207fffff

const sha256 = (data: Uint8Array): Buffer => createHash('sha256').update(data).digest()
const doubleSha256 = (data: Uint8Array): Buffer => sha256(sha256(data))

export function createRegtestChain({ ldk, bitcoin }: LdkPackages): RegtestChain {
  const followers: { readonly manager: ChannelManager; readonly confirms: readonly Confirm[] }[] = []
  let previous: Buffer = GENESIS_HEADER
  let tip: Buffer = GENESIS_HEADER
  let height = 0
  let mempool: Uint8Array[] = []

  const transactionId = (raw: Uint8Array): Buffer => bitcoin.Transaction.fromBuffer(Buffer.from(raw)).getHash()

  const mineOne = (transactions: readonly Uint8Array[]) => {
    const coinbase = doubleSha256(randomBytes(60))
    previous = tip
    tip = buildHeader(previous, [coinbase, ...transactions.map(transactionId)])
    height += 1
    for (const { confirms } of followers) {
      for (const confirm of confirms) {
        // Position 0 is the coinbase's.
        const positions = transactions.map((raw, i) => ldk.TwoTuple_usizeTransactionZ.constructor_new(i + 1, raw))
        if (positions.length > 0) confirm.transactions_confirmed(tip, positions, height)
        confirm.best_block_updated(tip, height)
      }
    }
  }

  return {
    follow(manager, monitor) {
      followers.push({ manager, confirms: [manager.as_Confirm(), monitor] })
    },
    broadcast: (transaction) => void mempool.push(transaction),
    mine(blocks) {
      for (let i = 0; i < blocks; i++) {
        const transactions = mempool
        mempool = []
        mineOne(transactions)
      }
    },
    bringUpToDate() {
      if (height === 0 || tip.readUInt32LE(68) >= nowInSeconds()) return
      // A sibling of the newest block, which is empty: time goes on and the height stays, so that no held payment nears its time-out.
      tip = buildHeader(previous, [doubleSha256(randomBytes(60))])
      for (const { confirms } of followers) confirms[0]?.best_block_updated(tip, height)
    },
    stop: () => void (followers.length = 0),
  }
}

const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

function buildHeader(previous: Buffer, transactionIds: readonly Buffer[]): Buffer {
  const header = Buffer.alloc(80)
  header.writeInt32LE(VERSION, 0)
  doubleSha256(previous).copy(header, 4)
  merkleRoot(transactionIds).copy(header, 36)
  header.writeUInt32LE(nowInSeconds(), 68)
  header.writeUInt32LE(EASIEST_TARGET, 72)
  for (let nonce = 1; ; nonce++) {
    header.writeUInt32LE(nonce, 76)
    if ((doubleSha256(header)[31] ?? 0xff) <= 0x7f) return header
  }
}

function merkleRoot(ids: readonly Buffer[]): Buffer {
  const [first, ...others] = ids
  if (!first) throw new Error('a block has at least its coinbase')
  if (others.length === 0) return first
  const parents: Buffer[] = []
  for (let i = 0; i < ids.length; i += 2) {
    const left = ids[i] ?? first
    parents.push(doubleSha256(Buffer.concat([left, ids[i + 1] ?? left])))
  }
  return merkleRoot(parents)
}

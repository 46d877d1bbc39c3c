/** Who hires the daemon while it is killed? A customer that pays whatever invoice it is shown, and keeps what it is told. */
import { randomBytes } from 'node:crypto'
import type { NostrEvent } from '../../../src/core/event.js'
import { isMalformed, type EventId, type Pubkey } from '../../../src/core/identifiers.js'
import type { LightningNode } from '../../../src/dev/lightning/node.js'
import { createOwnPool } from '../../../src/dev/own-pool.js'
import type { Msat } from '../../../src/core/money.js'
import { decodeInvoice } from '../../../src/l402/invoice.js'
import { createEncryption } from '../../../src/nostr/encryption.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { parseJobFeedback } from '../../../src/nostr/kinds/job-feedback.js'
import { buildJobRequest } from '../../../src/nostr/kinds/job-request.js'
import { buildPaymentProof, proofPlaintext } from '../../../src/nostr/kinds/payment-proof.js'
import type { Row } from './rows.js'

/** What a customer pays where our own wallet pays on: the price of one call, and the fees that are allowed. */
const RESOLD_MSAT = 31_000 as Msat
export const ORDER = '{"item":"a bridge"}'

export interface Customer {
  readonly jobId: EventId
  /** Pays, and takes money back. */
  readonly node: LightningNode
  /** Opens what the provider sealed to the customer. */
  open(sealed: string): string
  stop(): Promise<void>
}

/** Its one job is on the relay when this resolves. */
export async function createCustomer({
  row,
  relayUrl,
  provider,
  node,
}: {
  row: Row
  relayUrl: string
  provider: Pubkey
  node: LightningNode
}): Promise<Customer> {
  const secretKey = randomBytes(32)
  const pubkey = pubkeyOf(secretKey)
  const encryption = createEncryption(secretKey)
  const pool = createOwnPool()
  const paid = new Set<string>()
  const seconds = () => Math.floor(Date.now() / 1000)
  const publish = async (template: Parameters<typeof signEvent>[0]): Promise<NostrEvent> => {
    const event = signEvent(template, secretKey, pubkey, randomBytes(32))
    const verdict = await pool.publish(event, relayUrl)
    if (verdict.type !== 'accepted') throw new Error(`the relay does not take kind ${event.kind}: ${verdict.type}`)
    return event
  }

  const path = row.method === 'GET' ? { path: '/joke' } : { path: '/orders', body: ORDER }
  const settlement = row.source === 'customerProof' ? { settlement: 'proof' } : {}
  const refund =
    row.purchase?.mode === 'resell'
      ? {
          refund: (await node.makeInvoice({ amountMsat: RESOLD_MSAT, description: 'back', expirySeconds: 3600 }))
            .bolt11,
        }
      : {}
  const job = await publish(
    buildJobRequest({
      provider,
      params: { method: row.method, ...path, ...settlement, ...refund },
      bidMsat: null,
      relays: [],
      expiresAt: null,
      createdAt: seconds(),
    }),
  )

  /** Every invoice, also a second one for the same job. */
  async function pay(event: NostrEvent): Promise<void> {
    const feedback = parseJobFeedback(event)
    if (isMalformed(feedback) || feedback.bolt11 === null) return
    const invoice = decodeInvoice(feedback.bolt11)
    if (isMalformed(invoice) || paid.has(invoice.paymentHash)) return
    paid.add(invoice.paymentHash)
    const { preimage } = await node.pay(feedback.bolt11)
    if (row.source !== 'customerProof') return
    const sealed = encryption.encrypt(provider, proofPlaintext({ paymentHash: invoice.paymentHash, preimage }))
    await publish(buildPaymentProof({ jobId: job.id, provider, sealed, createdAt: seconds() }))
  }

  pool.subscribe({
    name: 'customer',
    relays: [relayUrl],
    filters: () => [{ kinds: [7000], '#p': [pubkey] }],
    known: () => false,
    // A payment that fails shows in the outcome: the job then expires unpaid.
    onEvent: (event) => void pay(event).catch(() => undefined),
  })
  return { jobId: job.id, node, open: (sealed) => encryption.decrypt(provider, sealed), stop: () => pool.stop() }
}

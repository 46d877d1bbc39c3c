/** Can somebody keep the customer's payment proof from being heard? */
import { createHash, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { EventId, PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import { buildPaymentProof, proofPlaintext } from '../../../src/nostr/kinds/payment-proof.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { createCustomerProof } from '../../../src/settlement/customer-proof.js'
import type { Found, Targets, WatchTarget } from '../../../src/settlement/watch.js'
import { createLogRecorder } from '../../support/store-parts.js'

const provider = createKeySigner(randomBytes(32))
const customer = createKeySigner(randomBytes(32))
const preimage = randomBytes(32).toString('hex') as Preimage
const paymentHash = createHash('sha256').update(preimage, 'hex').digest('hex') as PaymentHash
const jobId = randomBytes(32).toString('hex') as EventId

function createFixture() {
  const found: Found[] = []
  const target = { jobId, paymentHash, customer: customer.pubkey } as WatchTarget
  const targets: Targets = {
    byHash: () => target,
    byJob: (id) => (id === jobId ? target : undefined),
    all: () => [target],
    report: (_hash, discovery) => void found.push(discovery),
    foundFor: () => found[0],
  }
  return { found, proofs: createCustomerProof({ targets, signer: provider, log: createLogRecorder() }) }
}

async function proofOf(content: { preimage: Preimage }, from = customer): Promise<NostrEvent> {
  const sealed = await from.encrypt(provider.pubkey, proofPlaintext({ paymentHash, ...content }))
  return from.sign(buildPaymentProof({ jobId, provider: provider.pubkey, sealed, createdAt: 1_800_000_000 }))
}

const garbled = (): Promise<NostrEvent> =>
  customer.sign(buildPaymentProof({ jobId, provider: provider.pubkey, sealed: 'garbled', createdAt: 1_800_000_000 }))

it('what the customer says in a sealed message counts, and how often it may guess has an end', async () => {
  const { proofs, found } = createFixture()
  const wrong = randomBytes(32).toString('hex') as Preimage
  proofs.take(randomBytes(32).toString('hex') as EventId, preimage)
  expect(found).toEqual([])
  proofs.take(jobId, preimage)
  expect(found).toEqual([{ key: { kind: 'preimage', value: preimage }, source: 'customerProof' }])
  for (let times = 0; times < 60; times += 1) proofs.take(jobId, wrong)
  expect(found).toHaveLength(50)
})

it('a relay that repeats a useless proof for ever does not use up the tries of its author', async () => {
  const { proofs, found } = createFixture()
  const useless = await garbled()
  for (let times = 0; times < 60; times += 1) await proofs.receive(useless)
  await proofs.receive(await proofOf({ preimage }))
  expect(found).toEqual([{ key: { kind: 'preimage', value: preimage }, source: 'customerProof' }])
})

it('neither forged proofs in the name of the customer nor those of strangers keep the real one out', async () => {
  const { proofs, found } = createFixture()
  const real = await proofOf({ preimage })
  const stranger = createKeySigner(randomBytes(32))
  for (let times = 0; times < 60; times += 1) {
    await proofs.receive({ ...real, sig: randomBytes(64).toString('hex') })
    await proofs.receive(await proofOf({ preimage: randomBytes(32).toString('hex') as Preimage }, stranger))
  }
  await proofs.receive(real)
  expect(found.at(-1)).toMatchObject({ key: { value: preimage } })
})

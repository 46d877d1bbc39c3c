/** Did the customer send the preimage back? A stored, sealed event of kind 7402; sha256 is its own proof (PROTOCOL.md §Payment proof). */
import type { NostrEvent, Rumor } from '../core/event.js'
import { isMalformed, type EventId, type PaymentHash, type Preimage } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import { jobOfProof, parseProofContent } from '../nostr/kinds/payment-proof.js'
import type { Logger, Signer } from '../ports.js'
import type { PreimageSource, Targets, WatchTarget } from './watch.js'

/** Proofs looked at per job: few from strangers, so that nobody else can use up what is the customer's. */
const MAX_TRIES_OF_STRANGERS = 10
const MAX_TRIES_OF_CUSTOMER = 50

export interface CustomerProof extends PreimageSource {
  /** A kind-7402 event from a relay, not yet verified; or one out of a gift wrap, whose author is proven. False for a forged one. */
  receive(event: NostrEvent): Promise<boolean>
  receive(event: Rumor, isProven: true): Promise<boolean>
  /** What the customer itself said in a message that was sealed to us (PROTOCOL.md §Dispatch). */
  take(jobId: EventId, preimage: Preimage): void
}

export function createCustomerProof(wiring: {
  readonly targets: Targets
  readonly signer: Signer
  readonly log: Logger
}): CustomerProof {
  const { targets, signer, log } = wiring
  /** Tries so far, and the verified proofs among them: repeating one, as any relay may, uses up nobody's tries. */
  const tries = new Map<PaymentHash, { customer: number; strangers: number; readonly seen: Set<EventId> }>()

  function triesOf({ paymentHash }: WatchTarget) {
    const count = tries.get(paymentHash) ?? { customer: 0, strangers: 0, seen: new Set() }
    tries.set(paymentHash, count)
    return count
  }

  async function open(event: Rumor, jobId: EventId): Promise<void> {
    let plaintext: string
    try {
      plaintext = await signer.decrypt(event.pubkey, event.content)
    } catch {
      return log.debug({ job: jobId }, 'payment proof cannot be opened')
    }
    const proof = parseProofContent(plaintext)
    if (isMalformed(proof)) return log.debug({ job: jobId, reason: proof.malformed }, 'payment proof cannot be read')
    if (targets.byJob(jobId)?.paymentHash !== proof.paymentHash) return
    targets.report(proof.paymentHash, { key: { kind: 'preimage', value: proof.preimage }, source: 'customerProof' })
  }

  return {
    name: 'customerProof',
    async receive(event: Rumor, isProven = false) {
      const jobId = jobOfProof(event)
      if (isMalformed(jobId)) return true
      // Cheapest first: a proof for a job that nobody waits for costs no signature check and no decryption.
      const target = targets.byJob(jobId)
      if (!target) return true
      // Anybody may bring the proof: it is the preimage that counts. The signature shows that the sealing key is the sender's,
      // and a forged one must not use up the tries of the customer whose name it bears.
      const ofCustomer = event.pubkey === target.customer
      const count = triesOf(target)
      if (count.seen.has(event.id)) return true
      if (ofCustomer ? count.customer >= MAX_TRIES_OF_CUSTOMER : count.strangers >= MAX_TRIES_OF_STRANGERS) return true
      if (!ofCustomer) count.strangers += 1
      if (!isProven && !verifyEvent(event as NostrEvent)) return false
      count.seen.add(event.id)
      if (ofCustomer) count.customer += 1
      await open(event, jobId)
      return true
    },
    take(jobId, preimage) {
      const target = targets.byJob(jobId)
      if (!target) return
      const count = triesOf(target)
      if (count.customer >= MAX_TRIES_OF_CUSTOMER) return
      count.customer += 1
      targets.report(target.paymentHash, { key: { kind: 'preimage', value: preimage }, source: 'customerProof' })
    },
    watch() {
      // Every watched job is listened for: nothing to arm.
    },
    unwatch(paymentHash) {
      tries.delete(paymentHash)
    },
    stop() {
      tries.clear()
    },
  }
}

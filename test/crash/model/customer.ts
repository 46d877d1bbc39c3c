/** What does the customer do? Asks, pays every invoice that it is shown once, and proves it where it promised to. */
import type { NostrEvent } from '../../../src/core/event.js'
import { isMalformed, type EventId, type Preimage, type Pubkey } from '../../../src/core/identifiers.js'
import { decodeInvoice } from '../../../src/l402/invoice.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { parseJobFeedback } from '../../../src/nostr/kinds/job-feedback.js'
import { buildJobRequest } from '../../../src/nostr/kinds/job-request.js'
import { buildPaymentProof, proofPlaintext } from '../../../src/nostr/kinds/payment-proof.js'
import { API_PATH } from './gate.js'
import type { Outside } from './life.js'
import { createChance, RESULT_KIND } from './plan.js'
import { seal } from './ports.js'
import { refundAddressOf } from './refunds.js'
import { RELAYS } from './relays.js'
import type { World } from './world.js'

const CUSTOMER_KEY = Buffer.alloc(32, 0x22)
export const CUSTOMER = pubkeyOf(CUSTOMER_KEY)
const ENTROPY = Buffer.alloc(32, 9)
const FEEDBACK_KIND = 7000
/** After the end of an invoice and of every grace; before the job is given up. */
const LATE_MS = 40 * 60_000

export interface SimulatedCustomer {
  /** Ids of the jobs in the order in which they were asked. */
  readonly jobs: readonly EventId[]
}

export function createCustomer(
  world: World,
  { relays, gate, lightning, provider }: Pick<Outside, 'relays' | 'gate' | 'lightning'> & { readonly provider: Pubkey },
): SimulatedCustomer {
  const { plan, chance, agenda } = world
  const jobs: EventId[] = []
  const seen = new Set<string>()
  const paid = new Set<string>()
  const namesRelays = chance.of(50)
  const moods = createChance(plan.seed ^ 0xca11)

  const sign = (template: Parameters<typeof signEvent>[0]) => signEvent(template, CUSTOMER_KEY, CUSTOMER, ENTROPY)
  const seconds = () => Math.floor(agenda.now() / 1000)

  function ask(): void {
    if (jobs.length === 1 && plan.firstInPeace) world.crashesLeft = plan.crashes
    const settlement = plan.source === 'customerProof' ? { settlement: 'proof' } : {}
    const refund = plan.purchase?.refundable ? { refund: refundAddressOf(jobs.length) } : {}
    const note = { kind: 1, created_at: seconds(), tags: [], content: `input of job ${jobs.length}` }
    const input = sign(note)
    const template = buildJobRequest({
      provider,
      params: { method: plan.method, path: API_PATH, ...settlement, ...refund, note: `job ${jobs.length}` },
      bidMsat: null,
      relays: namesRelays ? [RELAYS[0], RELAYS[2]] : [],
      expiresAt: null,
      createdAt: seconds(),
    })
    const tags = plan.withInput ? [...template.tags, ['i', input.id, 'event', '', 'beside the call']] : template.tags
    const event = sign({ ...template, tags })
    if (plan.withInput) agenda.after(moods.between(0, 4_000), () => relays.post(input))
    jobs.push(event.id)
    relays.post(event)
    if (plan.callsOff === 'early' && jobs.length === 1) agenda.after(moods.between(0, 1_500), () => callOff(event.id))
  }

  function callOff(jobId: EventId): void {
    relays.post(sign({ kind: 5, created_at: seconds(), tags: [['e', jobId]], content: '' }))
  }

  /** Every invoice is paid, also a second one for the same job: a customer that trusts its provider. */
  function consider(event: NostrEvent): void {
    const feedback = parseJobFeedback(event)
    if (isMalformed(feedback) || feedback.bolt11 === null) return
    if (plan.callsOff === 'offered' && feedback.jobId === jobs[0]) {
      agenda.after(moods.between(0, 15_000), () => callOff(feedback.jobId))
    }
    const invoice = decodeInvoice(feedback.bolt11)
    if (isMalformed(invoice) || paid.has(invoice.paymentHash)) return
    const ours = lightning?.invoices.byBolt11(feedback.bolt11)
    const known = gate.charges.get(invoice.paymentHash)?.preimage
    // Whoever stands in with the upstream knows it beforehand.
    if (known && plan.purchase?.accomplice) prove(feedback.jobId, invoice.paymentHash, known)
    if (plan.pays === 'never') return
    paid.add(invoice.paymentHash)
    const late = invoice.expiresAt + (ours ? moods.pick([-1_000, 1_000, LATE_MS]) : LATE_MS) - agenda.now()
    agenda.after(plan.pays === 'late' ? late : chance.between(100, 20_000), () => {
      if (ours) return lightning?.invoices.pay(ours)
      gate.pay(invoice.paymentHash)
      const preimage = gate.charges.get(invoice.paymentHash)?.preimage
      if (preimage && plan.source === 'customerProof') prove(feedback.jobId, invoice.paymentHash, preimage)
    })
  }

  function prove(jobId: EventId, paymentHash: Parameters<typeof proofPlaintext>[0]['paymentHash'], preimage: Preimage) {
    agenda.after(chance.between(10, 3_000), () => {
      const sealed = seal(provider, proofPlaintext({ paymentHash, preimage }))
      relays.post(sign(buildPaymentProof({ jobId, provider, sealed, createdAt: seconds() })))
    })
  }

  relays.listen((event) => {
    if (seen.has(event.id) || event.pubkey !== provider) return
    seen.add(event.id)
    if (event.kind === FEEDBACK_KIND) consider(event)
    if (event.kind === RESULT_KIND && plan.asksTwice && jobs.length === 1) agenda.after(chance.between(10, 5_000), ask)
  })
  agenda.after(chance.between(0, 2_000), ask)
  return { jobs }
}

/** Did the customer get what it paid for, once? What must be true when a simulated world has come to rest. */
import { isMalformed, type EventId, type PaymentHash } from '../../../src/core/identifiers.js'
import { tagValue } from '../../../src/core/event.js'
import { isOpen, isOwed, isPaid, type Job, type Offer } from '../../../src/core/job.js'
import type { NostrEvent } from '../../../src/core/event.js'
import { parseJobFeedback, type JobFeedback } from '../../../src/nostr/kinds/job-feedback.js'
import { readDisk, type Disk } from './disk.js'
import { CUSTOMER } from './customer.js'
import type { SimulatedGate } from './gate.js'
import { judgePurchase } from './purchase-verdict.js'
import type { SimulatedLightning } from './lightning.js'
import { RESULT_KIND, type Plan } from './plan.js'
import { unseal } from './ports.js'
import type { SimulatedRelays } from './relays.js'

export class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Violation'
  }
}

export interface Rested {
  readonly plan: Plan
  readonly disk: Disk
  readonly gate: SimulatedGate
  readonly relays: SimulatedRelays
  readonly lightning: SimulatedLightning | null
  readonly blobs: ReadonlyMap<string, string>
  readonly jobs: readonly EventId[]
  readonly crashes: number
}

/** Broken calls after which the product may give up; one that a crash interrupted counts, too. */
const PATIENCE_TRIES = 8
/** Crashes after which the daemon may have been away for so long that an invoice became too old to be shown. */
const MANY_CRASHES = 3

/** How each job ended. @throws Violation */
export function judge(rested: Rested): string[] {
  return rested.jobs.map((id) => judgeJob(rested, id))
}

function judgeJob(rested: Rested, id: EventId): string {
  const { plan, disk, gate } = rested
  const claim = (truth: boolean, message: string): void => {
    if (!truth) throw new Violation(message)
  }
  const job = readDisk(disk, id)
  const said = answersTo(rested, id)
  if (!job) {
    // Too old to be taken up when it was heard at last: nothing was said, and nothing is owed.
    const wasAway = rested.crashes > 2 * MANY_CRASHES && said.offers.length === 0
    if (wasAway) return 'never heard in time'
    throw new Violation('the job is not in the store')
  }
  // Signed anew with work it shows the same invoice.
  const shown = new Set(said.offers.map(({ paymentHash }) => paymentHash))
  claim(shown.size <= 1, `${shown.size} invoices were shown`)
  claim(said.results.length <= 1, `${said.results.length} result events`)
  claim(said.errors.length <= 1, `${said.errors.length} error events`)
  claim(!isOpen(job), `the job never ends: ${job.state}`)
  const mayBeCalledOff = plan.callsOff !== 'never' && id === rested.jobs[0]
  // What was held is given back, and that is said, too.
  const farewells = (mayBeCalledOff ? 1 : 0) + (job.state === 'refunded' && job.failure.code === 'cancelled' ? 1 : 0)
  claim(said.farewells <= farewells, `called off ${said.farewells} times`)
  // Nobody has paid: no work is done to say so.
  claim(job.state !== 'cancelled' || said.farewells === 1 || plan.working > 0, 'called off, and nothing was said')

  const charges = [...shown].flatMap((paymentHash) => gate.charges.get(paymentHash) ?? [])
  const paid = charges.filter(({ settledAt }) => settledAt !== null)
  claim(
    [...gate.charges.values()].filter(({ settledAt }) => settledAt !== null).length <= rested.jobs.length,
    'too many charges',
  )
  claim(paid.length <= 1, 'charged twice')
  if (plan.method === 'POST') {
    for (const { paymentHash } of paid) {
      const calls = gate.executions.filter((execution) => execution.paymentHash === paymentHash)
      claim(calls.length <= rested.jobs.length, `a POST was executed ${calls.length} times for one charge`)
    }
  }
  if (rested.lightning) return judgePurchase({ rested, lightning: rested.lightning, job, said, claim })
  const served = isPaid(job) || paid.length > 0
  if (!served) return judgeUnpaid(rested, job, said, claim)
  claim(isPaid(job), `paid, but the job says ${job.state}`)
  return job.state === 'completed' ? judgeServed(rested, said, claim) : judgeOwed(rested, job, said, claim)
}

export type Claim = (truth: boolean, message: string) => void

export interface Said {
  readonly offers: readonly { readonly paymentHash: PaymentHash; readonly bolt11: string }[]
  readonly results: readonly NostrEvent[]
  readonly errors: readonly (JobFeedback & { readonly event: NostrEvent })[]
  /** How often it was said that the job is called off. */
  readonly farewells: number
}

function answersTo({ relays, gate, lightning }: Rested, id: EventId): Said {
  const about = relays
    .all()
    .filter((event) => event.pubkey !== CUSTOMER && event.tags.some(([name, value]) => name === 'e' && value === id))
  const feedback = about.flatMap((event) => {
    const parsed = event.kind === 7000 ? parseJobFeedback(event) : null
    return parsed && !isMalformed(parsed) ? [{ ...parsed, event }] : []
  })
  const invoices = lightning?.invoices.all() ?? [...gate.charges.values()]
  return {
    offers: feedback.flatMap(({ bolt11 }) => invoices.find((invoice) => invoice.bolt11 === bolt11) ?? []),
    results: about.filter(({ kind }) => kind === RESULT_KIND),
    errors: feedback.filter(({ status, detail }) => status === 'error' && detail !== 'cancelled'),
    farewells: feedback.filter(({ detail }) => detail === 'cancelled').length,
  }
}

export function judgeUnpaid({ plan, crashes, jobs, gate }: Rested, job: Job, said: Said, claim: Claim): string {
  const free = job.state === 'completed'
  // A relay where nobody reads may hold a result that those where its customer reads refuse: it forbids another with work.
  const heldInVain = plan.working > 0 && said.results.length === 1 && job.state === 'rejected'
  claim(
    heldInVain || free === (said.results.length === 1),
    `nothing was paid, ${job.state}, and ${said.results.length} results`,
  )
  claim(job.state !== 'failed', 'nothing was paid, and something is owed')
  if (job.state === 'rejected') {
    const excused = plan.quoteFaults.length > 0 || plan.faults.length > 0
    const codes: string[] = plan.source === 'merchantWallet' ? ['internal-error'] : []
    if (plan.asksTwice && plan.method === 'POST') codes.push('outcome-unknown')
    if (heldInVain) codes.push('undeliverable')
    if (plan.callsOff === 'early' && job.id === jobs[0]) codes.push('cancelled')
    if (crashes > MANY_CRASHES) codes.push('invoice-invalid')
    // Its wallet may not answer in time, or be unable to say how long a payment takes.
    if (plan.purchase) codes.push('internal-error', 'invoice-invalid')
    const isSilent = plan.purchase !== null && plan.purchase.callsFailed + plan.purchase.away.length > 0
    // It does not do as it is told, so that nothing could be held for long enough.
    const isUnfit = plan.purchase !== null && plan.purchase.ownDelta !== null
    if (isSilent || isUnfit) codes.push('no-settlement-path')
    claim(excused || codes.includes(job.failure.code), `rejected with ${job.failure.code}, for no good reason`)
    claim(
      isSilent || isUnfit || job.failure.code !== 'no-settlement-path',
      'rejected although there is a settlement path',
    )
  }
  claim(
    job.state !== 'expired' || said.offers.length > 0 || crashes > MANY_CRASHES,
    'it expired, and the invoice was never shown',
  )
  claim(
    said.errors.every(({ encrypted, event }) => !encrypted || isPaidFor(gate, event.content)),
    'nothing was paid, and a credential was sent',
  )
  return free ? 'served by credit' : job.state
}

/** Credit of an earlier job: it is handed over where the call that used it cannot be told the outcome of. */
const isPaidFor = (gate: SimulatedGate, content: string): boolean => {
  const { to, plaintext } = unseal(content)
  const { authorization } = JSON.parse(plaintext) as { authorization?: string }
  return (
    to === CUSTOMER &&
    [...gate.charges.values()].some(
      ({ settledAt, token, preimage }) => settledAt !== null && authorization === `L402 ${token}:${preimage}`,
    )
  )
}

export function judgeServed({ gate, blobs }: Rested, said: Said, claim: Claim): string {
  claim(said.results.length === 1, `completed with ${said.results.length} results`)
  claim(said.errors.length === 0, 'completed, and an error was sent')
  const [result] = said.results
  const url = result && tagValue(result, 'url')
  const content = url === undefined ? result?.content : blobs.get(url)
  claim(
    gate.executions.some((execution) => execution.content === content),
    'the result is no answer of the upstream',
  )
  return 'completed'
}

export function judgeOwed({ plan, disk, gate }: Rested, job: Job, said: Said, claim: Claim): string {
  claim(job.state === 'failed', `paid, and ended as ${job.state}`)
  claim(isOwed(job), 'paid and not served, and not listed as owed')
  if (job.state !== 'failed') return job.state
  const [error] = said.errors
  if (!error) throw new Violation('paid and not served, and nothing was said')
  claim(error.detail === job.failure.code, 'another reason was told than the one that is stored')
  const { to, plaintext } = unseal(error.content === '' ? '{"plaintext":"{}"}' : error.content)
  const { authorization } = JSON.parse(plaintext) as { authorization?: string }
  const paymentHash = upstreamHashOf(job)
  const charge = gate.charges.get(paymentHash)
  claim(to === CUSTOMER, 'the credential is not sealed to the customer')
  claim(
    authorization === `L402 ${charge?.token}:${charge?.preimage}`,
    'the credential that was handed over is not the one paid for',
  )

  const tries = disk.announced.get(job.id) ?? 0
  const mine = gate.executions.filter((execution) => execution.paymentHash === paymentHash)
  const repeatable = plan.method === 'GET' || plan.idempotencyKey
  const broke = gate.struck.length > 0
  const allowed: Record<string, boolean> = {
    'credential-consumed': plan.gate !== 'reusable' && mine.length > 0 && repeatable && !plan.idempotencyKey,
    'outcome-unknown': !repeatable,
    'upstream-failed': broke && (!repeatable || tries >= PATIENCE_TRIES),
    'result-too-large': gate.struck.includes('tooLarge'),
    // A relay that holds a result where nobody reads forbids another with work.
    undeliverable:
      (plan.working > 0 && said.results.length === 1) ||
      plan.moods.every(({ refuses }) => refuses.includes(RESULT_KIND)),
  }
  claim(allowed[job.failure.code] === true, `failed with ${job.failure.code} after ${tries} calls, for no good reason`)
  return `failed: ${job.failure.code}`
}

/** Of the invoice that the upstream was paid by. */
export const upstreamHashOf = ({ offer }: { readonly offer: Offer }): PaymentHash =>
  offer.purchase?.paymentHash ?? offer.paymentHash

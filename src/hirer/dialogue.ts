/** What does the provider's message mean for the hire? Agreement and counter-offer here; invoice and result as a customer's answers. */
import { tagValue, type Rumor } from '../core/event.js'
import { isMalformed, malformed, type EventId, type Malformed } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { decodeOutput, type Answer } from '../customer/answer.js'
import type { Conversation } from '../customer/conversation.js'
import type { OfferedInvoice } from '../customer/offer.js'
import type { PaymentJournal, PinnedOffer } from '../customer/payment-journal.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import { tame } from '../customer/story.js'
import { parseDispatch, type DispatchMessage } from '../nostr/kinds/dispatch.js'
import { JOB_FEEDBACK_KIND, parseJobFeedback } from '../nostr/kinds/job-feedback.js'
import { JOB_REQUEST_KIND } from '../nostr/kinds/job-request.js'
import { parseJobResult, RESULT_KIND_OFFSET } from '../nostr/kinds/job-result.js'
import type { Clock, Signer } from '../ports.js'
import { sha256Of } from './closing.js'
import { draftRound } from './draft-hire.js'
import type { Agreement, HireJournal, SavedHire, SavedRound } from './hire-journal.js'
import type { TellHire } from './hire-story.js'

/** Further offers of another price are not followed: somebody is playing. */
const MOST_ROUNDS = 4

/** An outcome of a request, or one that only agents know. */
export type DialogueOutcome =
  RequestOutcome | { readonly type: 'not-agreed'; readonly code: string; readonly message: string }

export interface Dialogue {
  onRumor(rumor: Rumor): Promise<DialogueOutcome | null>
  /** Takes up the invoice of an earlier run. */
  onPinned(offer: PinnedOffer): Promise<DialogueOutcome | null>
  /** The job that the message answered. */
  jobOf(messageId: EventId): EventId
  /** Where a credential is kept that was handed over, by this message or an earlier one. */
  readonly credentialFile: string | null
  /** The request that the provider is to answer now. */
  readonly round: SavedRound
  readonly agreement: Agreement | null
  /** The request of that id, by which an answer names it. */
  roundOf(jobId: EventId): SavedRound | null
}

export function createDialogue(
  wiring: {
    readonly hire: SavedHire
    readonly journal: HireJournal
    readonly payments: PaymentJournal
    readonly conversation: Conversation
    readonly signer: Signer
    readonly clock: Clock
    readonly decodeInvoice: (bolt11: string) => OfferedInvoice | Malformed
    readonly tell: TellHire
    /** A new round is saved and is to be sent. */
    readonly onRound: (round: SavedRound) => void
  },
  earlier: { readonly rounds: readonly SavedRound[]; readonly agreement: Agreement | null },
): Dialogue {
  const { hire, journal, payments, conversation, signer, clock, tell } = wiring
  const rounds = [hire.first, ...earlier.rounds]
  let agreement = earlier.agreement
  const latest = (): SavedRound => rounds.at(-1) ?? hire.first
  let credentialFile: string | null = null
  const jobs = new Map<EventId, EventId>()
  /** An invoice that came before the agreement: wraps arrive in any order. */
  let early: { readonly message: Invoice; readonly rumor: Rumor } | null = null

  async function onRumor(rumor: Rumor): Promise<DialogueOutcome | null> {
    const message = parseDispatch(rumor)
    // What the provider says of other hires, or in another dialect, is for others.
    if (isMalformed(message) || message.type === 'dispatch-request') return null
    const round = rounds.find(({ requestId }) => requestId === message.re)
    return round === undefined ? null : onMessage(message, round, rumor)
  }

  async function onMessage(
    message: Exclude<DispatchMessage, { type: 'dispatch-request' }>,
    round: SavedRound,
    rumor: Rumor,
  ): Promise<DialogueOutcome | null> {
    switch (message.type) {
      case 'dispatch-accept':
        return onAccept(message, round)
      case 'dispatch-counter':
        return round === latest() ? onCounter(message.priceMsat, message.reason) : null
      case 'dispatch-refuse':
        return round === latest() ? onEnd(message.code, message.reason, rumor) : null
      case 'dispatch-invoice':
        return onInvoice(message, round, rumor)
      case 'dispatch-status':
        // A word for people: it is not let decide anything.
        return conversation.onAnswer(feedback(rumor, hire.id, { status: 'processing', message: message.status }))
      case 'dispatch-failure': {
        if (message.credential !== null) {
          credentialFile = await payments.saveCredential(hire.id, JSON.stringify(message.credential))
        }
        return onEnd(message.code, message.error, rumor)
      }
      case 'dispatch-result': {
        const answer = resultOf(message, rumor, round)
        if (!isMalformed(answer)) {
          jobs.set(rumor.id, round.rumorId)
          return conversation.onAnswer(answer)
        }
        tell({ type: 'ignored', code: 'unreadable-result', message: tame(answer.malformed) })
        return null
      }
      case 'dispatch-proof':
      case 'dispatch-ack':
      case 'dispatch-cancel':
        return null
    }
  }

  async function onAccept(offer: Accept, round: SavedRound): Promise<DialogueOutcome | null> {
    if (agreement !== null || round !== latest()) return null
    const { priceMsat, exact } = offer
    if (priceMsat > round.ceilingMsat) return notAgreed('above-max', priceMsat)
    // ORDER: saved before an invoice is looked at, so that after a crash no higher price passes for the agreed one.
    agreement = await journal.saveAgreement(hire.id, {
      requestId: round.requestId,
      priceMsat,
      exact,
      delivers: tame(offer.delivers),
    })
    tell({ type: 'accepted', priceMsat: agreement.priceMsat, exact, delivers: agreement.delivers })
    const waiting = early
    early = null
    return waiting === null ? null : onInvoice(waiting.message, round, waiting.rumor)
  }

  async function onCounter(priceMsat: Msat, reason: string): Promise<DialogueOutcome | null> {
    if (agreement !== null) return null
    const round = latest()
    const takenUp = priceMsat <= hire.maxMsat && priceMsat > round.ceilingMsat && rounds.length < MOST_ROUNDS
    tell({ type: 'countered', priceMsat, reason: tame(reason), takenUp })
    if (!takenUp) return notAgreed(priceMsat > hire.maxMsat ? 'above-max' : 'no-agreement', priceMsat)
    const draft = draftRound(
      { ...hire, ceilingMsat: priceMsat, re: round.requestId, about: round.rumorId },
      { self: signer.pubkey, now: clock.now() },
    )
    // ORDER: saved before it is sent, as the first was: after a crash the same rumor goes out, and runs once.
    const saved = await journal.saveRound(hire.id, rounds.length, draft)
    rounds.push(saved)
    wiring.onRound(saved)
    return null
  }

  const notAgreed = (code: string, priceMsat: Msat): DialogueOutcome => ({
    type: 'not-agreed',
    code,
    message: `The provider asks for ${priceMsat} msat; the limit is ${hire.maxMsat} msat, with fees kept back.`,
  })

  async function onInvoice(message: Invoice, round: SavedRound, rumor: Rumor): Promise<DialogueOutcome | null> {
    if (agreement === null) {
      if (round === latest()) early = { message, rumor }
      return null
    }
    if (agreement.requestId !== round.requestId) return null
    const { bolt11, amountMsat } = message
    // Once one was taken, others are only passed over: they must not end a hire that may be paid.
    const objection = (await payments.offer(hire.id)) === null ? await objectionTo(bolt11) : null
    if (objection !== null) return objection
    return conversation.onAnswer(feedback(rumor, hire.id, { status: 'payment-required', bolt11, amountMsat }))
  }

  async function objectionTo(bolt11: string): Promise<DialogueOutcome | null> {
    if (clock.now() > hire.deadline * 1000) {
      return { type: 'not-agreed', code: 'deadline-passed', message: 'The invoice came after the deadline.' }
    }
    const invoice = wiring.decodeInvoice(bolt11)
    if (isMalformed(invoice) || (await journal.claimHash(invoice.paymentHash, hire.id)) === hire.id) return null
    return { type: 'not-agreed', code: 'hash-used', message: 'The invoice belongs to another hire of ours.' }
  }

  const onEnd = (code: string | null, words: string, rumor: Rumor): Promise<RequestOutcome | null> =>
    conversation.onAnswer(feedback(rumor, hire.id, { status: 'error', detail: code, message: words }))

  /** The rules are asked again: it may have expired, and the agreement is what was saved. */
  async function onPinned({ bolt11, amountMsat }: PinnedOffer): Promise<DialogueOutcome | null> {
    const round = latest()
    const from = { id: round.rumorId, pubkey: hire.provider, created_at: 0, kind: 0, tags: [], content: '' }
    return conversation.onAnswer(feedback(from, hire.id, { status: 'payment-required', bolt11, amountMsat }))
  }

  return {
    onRumor,
    onPinned,
    jobOf: (messageId) => jobs.get(messageId) ?? latest().rumorId,
    get credentialFile() {
      return credentialFile
    },
    get round() {
      return latest()
    },
    get agreement() {
      return agreement
    },
    roundOf: (jobId) => rounds.find(({ rumorId }) => rumorId === jobId) ?? null,
  }
}

type Accept = Extract<DispatchMessage, { type: 'dispatch-accept' }>
type Invoice = Extract<DispatchMessage, { type: 'dispatch-invoice' }>
type Result = Extract<DispatchMessage, { type: 'dispatch-result' }>

/** As it would read in the open, and under the id of the hire, whichever of its requests it answers: there is one payment. */
function feedback(
  rumor: Rumor,
  jobId: EventId,
  facts: {
    readonly status: string
    readonly detail?: string | null
    readonly message?: string
    readonly bolt11?: string
    readonly amountMsat?: Msat
  },
): Answer {
  const { status, detail, message = '', bolt11 = '', amountMsat } = facts
  const tags = [
    ['e', jobId],
    ['status', status, detail ?? '', message],
    ...(amountMsat === undefined ? [] : [['amount', String(amountMsat), bolt11]]),
  ]
  const event = { ...rumor, kind: JOB_FEEDBACK_KIND, tags, content: '', sig: '' }
  const read = parseJobFeedback(event)
  if (isMalformed(read)) throw new TypeError(read.malformed)
  return { type: 'feedback', event, feedback: read }
}

/** Read as a result in the open would be: its tags say what the output is, or where it lies. It was sealed already. */
function resultOf({ output, tags }: Result, rumor: Rumor, round: SavedRound): Answer | Malformed {
  const described = tags.filter(([name]) => name !== 'e' && name !== 'encrypted')
  const kind = JOB_REQUEST_KIND + RESULT_KIND_OFFSET
  const event = { ...rumor, kind, tags: [['e', round.rumorId], ...described], content: output, sig: '' }
  const result = parseJobResult(event)
  if (isMalformed(result)) return result
  // Where the output lies elsewhere, whoever fetches it compares both digests.
  const promised = tagValue(event, 'x')
  if (promised !== undefined && tagValue(event, 'url') === undefined) {
    const body = decodeOutput(output, result.encoding)
    if (isMalformed(body)) return body
    if (sha256Of(body) !== promised) return malformed('the output is not the one that the message promises')
  }
  return { type: 'result', event, result }
}

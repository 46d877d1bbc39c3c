/** What does the customer do next? Decides on each answer and each turn of the payment; talks to no relay itself. */
import type { BlobPointer } from '../core/blob.js'
import { type EventId, type Malformed, type Preimage, type Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { JobFeedback } from '../nostr/kinds/job-feedback.js'
import type { Clock, Signer, Wallet } from '../ports.js'
import type { Answer } from './answer.js'
import { checkOffer, isOfferRefusal, type OfferRules, type PayableOffer } from './offer.js'
import { lookUpPayment, payOnce, type PaymentNews } from './pay-once.js'
import type { PaymentJournal, PinnedOffer } from './payment-journal.js'
import { tellResult } from './read-result.js'
import type { RequestOutcome } from './request-outcome.js'
import { tame, tameText, type PaymentStanding, type Tell } from './story.js'

/** What the conversation is waiting for. */
type Phase = 'offer' | 'customer' | 'wallet' | 'lookup' | 'result'

export interface ConversationContext {
  readonly jobId: EventId
  readonly provider: Pubkey
  readonly rules: OfferRules
  readonly wallet: Wallet | null
  /** False: the invoice is shown and somebody else pays it. */
  readonly pay: boolean
  readonly journal: PaymentJournal
  readonly signer: Signer
  readonly clock: Clock
  readonly tell: Tell
  /** Runs beside the conversation; its news come back through `onPayment`. */
  readonly start: (payment: () => Promise<PaymentNews>) => void
  /** Asks for `lookUp` to be called after a while. */
  readonly lookLater: () => void
  /** Asks for `hurry` to be called after a while. */
  readonly hurryLater: () => void
  readonly onPreimage: (preimage: Preimage, of: PinnedOffer, feesMsat: Msat | null) => void
  /** Fetches what a result leads to; without it, that is only named. */
  readonly download?: (pointer: BlobPointer) => Promise<Uint8Array | Malformed>
}

export interface Conversation {
  onAnswer(answer: Answer): Promise<RequestOutcome | null>
  onPayment(news: PaymentNews): Promise<RequestOutcome | null>
  /** The wallet has been waited for long enough. */
  hurry(): Promise<RequestOutcome | null>
  /** Starts a look-up; its news come through `onPayment`. */
  lookUp(): void
  /** Time is up. */
  lastWord(): Promise<RequestOutcome>
}

/** `pinned` and `standing` are what the journal knows from earlier runs. */
export function createConversation(
  context: ConversationContext,
  earlier: { readonly pinned: PinnedOffer | null; readonly standing: PaymentStanding },
): Conversation {
  const { journal, clock, tell, wallet, rules, provider, signer } = context
  const payer = context.pay ? wallet : null
  let pinned = earlier.pinned
  let phase: Phase = phaseOf(earlier.standing)
  let payment = paymentOf(earlier.standing)
  let unknownTold = false
  /** What came while the wallet was paying. */
  const deferred: Answer[] = []

  async function onAnswer(answer: Answer): Promise<RequestOutcome | null> {
    if (phase !== 'wallet') return understand(answer)
    // ORDER: the wallet speaks first, so that the payment's outcome is on disk before the request ends.
    deferred.push(answer)
    if (isFinal(answer)) context.hurryLater()
    return null
  }

  async function catchUp(): Promise<RequestOutcome | null> {
    for (const answer of deferred.splice(0)) {
      const outcome = await understand(answer)
      if (outcome !== null) return outcome
    }
    return null
  }

  async function understand(answer: Answer): Promise<RequestOutcome | null> {
    if (answer.type === 'result') return tellResult(answer.event, { unseal, download: context.download, tell })
    const { status, detail, message } = answer.feedback
    if (status === 'payment-required') return onOffer(answer.feedback)
    if (status === 'error') return onError(answer.feedback)
    if (status === 'partial' && answer.feedback.content !== '') return onPartial(answer.feedback)
    tell({ type: 'processing', status: tame(status), message: sentenceOf(detail, message) })
    return null
  }

  async function onOffer(feedback: JobFeedback): Promise<RequestOutcome | null> {
    if (pinned !== null && feedback.bolt11 !== pinned.bolt11) {
      tell({ type: 'ignored', code: 'second-invoice', message: 'A second invoice for the same job is never paid.' })
      return null
    }
    if (phase !== 'offer') return null
    const offer = checkOffer(feedback, rules, clock.now())
    if (isOfferRefusal(offer)) {
      if (offer.refused !== 'no-invoice' || payer !== null) {
        return { type: 'not-payable', code: offer.refused, message: offer.message }
      }
      phase = 'customer'
      tell({ type: 'offered', amountMsat: feedback.amountMsat, bolt11: null, paymentHash: null, expiresAt: null })
      return null
    }
    return pinAndPay(offer)
  }

  async function pinAndPay(offer: PayableOffer): Promise<null> {
    const { jobId, bolt11, paymentHash, amountMsat, expiresAt } = offer
    // ORDER: pinned before it is shown, since whoever sees it may pay it: a later run must not pay another one.
    pinned = await journal.pinOffer({ jobId, provider, bolt11, paymentHash, amountMsat, at: clock.now() })
    if (pinned.bolt11 !== bolt11) {
      tell({ type: 'ignored', code: 'second-invoice', message: 'Another run has taken another invoice for this job.' })
      return null
    }
    tell({ type: 'offered', amountMsat, bolt11, paymentHash, expiresAt })
    if (payer === null) {
      phase = 'customer'
      return null
    }
    phase = 'wallet'
    context.start(() =>
      payOnce({ wallet: payer, journal, clock }, { ...offer, provider, pinnedBefore: earlier.pinned !== null }, () =>
        tell({ type: 'paying', paymentHash, amountMsat }),
      ),
    )
    return null
  }

  function onPartial({ seq = null, attempt = null, content }: JobFeedback): null {
    tell({ type: 'partial', seq, attempt, text: tameText(content) })
    return null
  }

  async function onError({ detail, message, encrypted, content }: JobFeedback): Promise<RequestOutcome> {
    const credential = encrypted && content !== '' ? await unseal(content) : null
    const credentialFile = credential === null ? null : await journal.saveCredential(context.jobId, credential)
    const code = detail !== null && /^[a-z0-9-]{1,64}$/.test(detail) ? detail : null
    const said = sentenceOf(code === null ? detail : null, message) ?? 'The provider gives no reason.'
    tell({ type: 'error', code, message: said })
    return { type: 'error', code, message: said, payment, credentialFile }
  }

  const unseal = (payload: string): Promise<string | null> => signer.decrypt(provider, payload).catch(() => null)

  async function onPayment(news: PaymentNews): Promise<RequestOutcome | null> {
    if (news.type === 'paid') {
      phase = 'result'
      payment = 'paid'
      if (pinned !== null) {
        const { paymentHash, amountMsat } = pinned
        tell({ type: 'paid', paymentHash, amountMsat, feesMsat: news.feesMsat })
        context.onPreimage(news.preimage, pinned, news.feesMsat)
      }
      return catchUp()
    }
    phase = 'lookup'
    payment = news.type === 'unknown' ? 'unknown' : 'none'
    if (news.type === 'unknown') {
      if (!unknownTold) tell({ type: 'payment-unknown', reason: tame(news.reason) })
      unknownTold = true
      context.lookLater()
      return catchUp()
    }
    const message = news.type === 'refused' ? tame(news.reason) : 'the wallet says that the payment failed'
    return (await catchUp()) ?? { type: 'payment-refused', message }
  }

  /** The wallet takes its time, and the provider's last word is here: the intent on disk is enough. */
  async function hurry(): Promise<RequestOutcome | null> {
    if (phase === 'wallet') {
      phase = 'lookup'
      payment = 'unknown'
    }
    return catchUp()
  }

  function lookUp(): void {
    if (phase !== 'lookup' || wallet === null) return
    context.start(() => lookUpPayment({ wallet, journal, clock }, context.jobId))
  }

  async function lastWord(): Promise<RequestOutcome> {
    return (await hurry()) ?? unfinished()
  }

  function unfinished(): RequestOutcome {
    switch (phase) {
      case 'wallet':
      case 'lookup':
        return { type: 'payment-unknown', message: 'it is not known whether the payment was made' }
      case 'result':
        return { type: 'timeout', waitingFor: 'result', message: 'paid, and no result came in time' }
      case 'customer':
        return { type: 'timeout', waitingFor: 'payment', message: 'no result came in time' }
      case 'offer':
        return { type: 'timeout', waitingFor: 'offer', message: 'the provider did not answer in time' }
    }
  }

  return { onAnswer, onPayment, hurry, lookUp, lastWord }
}

const isFinal = (answer: Answer): boolean => answer.type === 'result' || answer.feedback.status === 'error'

function phaseOf(standing: PaymentStanding): Phase {
  switch (standing) {
    case 'none':
    case 'refused':
      return 'offer'
    case 'intended':
    case 'unknown':
      return 'lookup'
    case 'paid':
      return 'result'
  }
}

function paymentOf(standing: PaymentStanding): 'none' | 'paid' | 'unknown' {
  if (standing === 'paid') return 'paid'
  return standing === 'none' || standing === 'refused' ? 'none' : 'unknown'
}

/** Other providers put free text where ours put a code, and use either place for the sentence. */
function sentenceOf(detail: string | null, message: string | null): string | null {
  const said = [detail, message].filter((text) => text !== null && text.trim() !== '').join(' ')
  return said === '' ? null : tame(said)
}

/** How does a customer get a job done? Publishes it, listens, pays by its own rules, and returns how it ended. */
import type { BlobPointer } from '../core/blob.js'
import { TollbridgeError } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import { RESULT_KIND_OFFSET } from '../nostr/kinds/job-result.js'
import type { Clock, RelayPool, Wallet, WebClient } from '../ports.js'
import type { Answer } from './answer.js'
import { createAnswerSource } from './answer-source.js'
import { downloadBlob } from './blob-download.js'
import { createConversation } from './conversation.js'
import { openJob, type WantedJob } from './job-draft.js'
import { createMailbox } from './mailbox.js'
import type { NdkSession } from './ndk-session.js'
import type { OfferRules } from './offer.js'
import { lookUpPayment, paymentStandingOf, type PaymentNews } from './pay-once.js'
import type { PaymentJournal } from './payment-journal.js'
import { createProviderReach, type VerdictListener } from './provider-reach.js'
import { sealPaymentProof } from './seal-payment-proof.js'
import type { RequestOutcome } from './request-outcome.js'
import { tame, type StoryEvent, type StoryLine, type Tell } from './story.js'

const STORED_ANSWERS_MS: Millis = 3_000
/** How long a look-up may hold back the answers of a job that is taken up. */
const FIRST_LOOK_MS: Millis = 5_000
const FIRST_LOOKUP_MS: Millis = 1_000
/** How long a result waits for the wallet to say what it paid. */
const WALLET_GRACE_MS: Millis = 3_000
const LONGEST_LOOKUP_MS: Millis = 30_000
/** How long the end waits for relays that are still being told something. */
const FAREWELL_MS: Millis = 2_000

export interface JobRequestOptions {
  readonly job: WantedJob
  /** Signs, publishes and reads relay lists. Not stopped here. */
  readonly session: NdkSession
  /** Listens. Not stopped here. */
  readonly relayPool: RelayPool
  /** Fetches outputs that lie in a blob; without it they are only named. Not stopped here. */
  readonly web?: WebClient
  /** Pays, and looks up what it paid. Null where there is none. Already started, and not stopped here. */
  readonly wallet: Wallet | null
  /** False: the invoice is only shown. */
  readonly pay: boolean
  readonly rules: Omit<OfferRules, 'bidMsat'>
  readonly journal: PaymentJournal
  readonly clock: Clock
  readonly timeoutMs: Millis
  /** Sends the payment proof after paying, also for a saved job that did not promise it. */
  readonly proof: boolean
  readonly tell: (line: StoryLine) => void
  readonly signal?: AbortSignal
}

type Message =
  | { readonly type: 'answer'; readonly answer: Answer }
  | { readonly type: 'payment'; readonly news: PaymentNews }
  | { readonly type: 'lookUp' }
  | { readonly type: 'hurry' }
  /** Every relay has decided. */
  | { readonly type: 'decided'; readonly held: number }
  | { readonly type: 'deadline' }
  | { readonly type: 'stopped' }
  | { readonly type: 'crashed'; readonly error: unknown }

/**
 * One job, from the signature to the result. Resolves for everything that providers, relays and wallets do; once it has resolved, no
 * timer or subscription of its own is left.
 * @throws TollbridgeError `usage` for a saved job that cannot be taken up, `store-corrupt`; and whatever the disk throws.
 */
export async function requestJob(options: JobRequestOptions): Promise<RequestOutcome> {
  const { session, relayPool, wallet, journal, clock, signal } = options
  const startedAt = clock.now()
  const mailbox = createMailbox<Message>()
  const over = new AbortController()
  const beside = new Set<Promise<unknown>>()
  let ended = false
  /** Some relay has the job. */
  let held = options.job.type === 'saved'

  const tell: Tell = (event) => {
    if (ended) return
    const at = clock.now()
    options.tell({ ...event, at, sinceStartMs: at - startedAt })
  }
  const crash = (error: unknown): void => mailbox.post({ type: 'crashed', error })
  const spawn = (work: Promise<unknown>): void => {
    const done = work.catch(crash).finally(() => beside.delete(done))
    beside.add(done)
  }

  const job = await openJob(options.job, session.signer, journal, clock)
  const { event, provider, relays, request } = job
  if (options.pay && request.bidMsat === null && options.rules.maxMsat === null) {
    throw new TollbridgeError('usage', 'paying needs a limit: give a maximum, or a bid')
  }
  const jobId = event.id
  const reach = createProviderReach({ session, relayPool, provider, relays, clock, signal: over.signal })
  const source = createAnswerSource({
    relayPool,
    relays,
    signer: session.signer,
    expected: { jobId, provider, customer: event.pubkey, resultKind: event.kind + RESULT_KIND_OFFSET },
    onDisbelieved: (reason) => tell({ type: 'ignored', code: 'not-believed', message: tame(reason) }),
  })

  const told =
    (accepted: (relay: string) => StoryEvent): VerdictListener =>
    (relay, verdict) => {
      if (verdict.type === 'accepted') tell(accepted(relay))
      else tell({ type: 'unpublished', relay, reason: tame(verdict.reason), final: verdict.type === 'refused' })
    }

  async function publishJob(): Promise<void> {
    const published = told((relay) => {
      held = true
      return { type: 'published', jobId, provider, relay }
    })
    mailbox.post({ type: 'decided', held: await reach.publish(event, published) })
  }

  const attempt = await journal.lastAttempt(jobId)
  const standing = paymentStandingOf(attempt)
  let lookupDelay = FIRST_LOOKUP_MS
  let cancelLookup = (): void => undefined
  let cancelHurry = (): void => undefined
  const conversation = createConversation(
    {
      jobId,
      provider,
      rules: { ...options.rules, bidMsat: request.bidMsat },
      wallet,
      pay: options.pay,
      journal,
      signer: session.signer,
      clock,
      tell,
      // Not awaited at the end: what a wallet does with a payment is on disk, whoever waits for it.
      start: (payment) => void payment().then((news) => mailbox.post({ type: 'payment', news }), crash),
      lookLater() {
        cancelLookup = clock.after(lookupDelay, () => mailbox.post({ type: 'lookUp' }))
        lookupDelay = Math.min(lookupDelay * 2, LONGEST_LOOKUP_MS)
      },
      hurryLater() {
        cancelHurry()
        cancelHurry = clock.after(WALLET_GRACE_MS, () => mailbox.post({ type: 'hurry' }))
      },
      ...downloadBy(options.web),
      onPreimage(preimage, of) {
        if (!options.proof && !request.proofPromised) return
        const proof = { jobId, provider, preimage, paymentHash: of.paymentHash, now: clock.now() }
        const verdictOf = told((relay) => ({ type: 'proved', relay }))
        spawn(sealPaymentProof(proof, session.signer).then((sealed) => reach.publish(sealed, verdictOf)))
      },
    },
    { pinned: await journal.offer(jobId), standing },
  )

  /** Nothing is published anew. What was paid is told first, so that the proof goes out whatever the provider has answered. */
  async function takeUp(): Promise<void> {
    tell({ type: 'resumed', jobId, provider, payment: standing })
    const looked = attempt === null ? null : lookUpPayment({ wallet, journal, clock }, jobId)
    // A wallet that does not answer keeps nobody from a result that is there.
    const early = await atMost(FIRST_LOOK_MS, looked, clock)
    if (early?.type === 'paid') mailbox.post({ type: 'payment', news: early })
    for (const answer of await source.stored(STORED_ANSWERS_MS)) mailbox.post({ type: 'answer', answer })
    looked?.then((news) => {
      // A refusal is definite: a look-up that finds nothing changes nothing.
      if (news.type === 'paid' ? early?.type !== 'paid' : standing !== 'refused')
        mailbox.post({ type: 'payment', news })
    }, crash)
    subscription = listen()
  }

  const listen = () => source.listen((answer) => mailbox.post({ type: 'answer', answer }))
  let subscription: { close(): void } | null = null
  const cancelDeadline = clock.after(options.timeoutMs, () => mailbox.post({ type: 'deadline' }))
  const onAbort = (): void => mailbox.post({ type: 'stopped' })
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()

  try {
    if (options.job.type === 'new') {
      tell({ type: 'signed', jobId, provider })
      subscription = listen()
      spawn(publishJob())
    } else {
      await takeUp()
    }
    for (;;) {
      const message = await mailbox.next()
      const outcome = await follow(message)
      if (outcome !== null) return outcome
    }
  } finally {
    cancelDeadline()
    cancelLookup()
    cancelHurry()
    signal?.removeEventListener('abort', onAbort)
    subscription?.close()
    over.abort()
    await atMost(FAREWELL_MS, Promise.all(beside), clock)
    ended = true
  }

  async function follow(message: Message): Promise<RequestOutcome | null> {
    switch (message.type) {
      case 'answer':
        held = true
        return conversation.onAnswer(message.answer)
      case 'payment':
        return conversation.onPayment(message.news)
      case 'lookUp':
        conversation.lookUp()
        return null
      case 'hurry':
        return conversation.hurry()
      case 'decided':
        return message.held > 0 || held ? null : unheld('every relay refused the job')
      case 'deadline':
        return held ? conversation.lastWord() : unheld('no relay took the job in time')
      case 'stopped':
        return { type: 'stopped' }
      case 'crashed':
        throw message.error
    }
  }
}

const downloadBy = (web: WebClient | undefined) =>
  web ? { download: (pointer: BlobPointer) => downloadBlob(web, pointer) } : {}

/** What comes in time, or null. */
async function atMost<T>(ms: Millis, work: Promise<T> | null, clock: Clock): Promise<T | null> {
  let cancel = (): void => undefined
  const late = new Promise<null>((resolve) => (cancel = clock.after(ms, () => resolve(null))))
  return Promise.race([work, late]).finally(cancel)
}

const unheld = (message: string): RequestOutcome => ({ type: 'timeout', waitingFor: 'relay', message })

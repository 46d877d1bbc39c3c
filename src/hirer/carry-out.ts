/** How is one hire carried to its end, from the first message or from wherever an earlier run left it? */
import type { Malformed, Millis } from '../core/identifiers.js'
import { isMalformed } from '../core/identifiers.js'
import { ZERO_MSAT, type Msat } from '../core/money.js'
import type { Rumor } from '../core/event.js'
import { downloadBlob } from '../customer/blob-download.js'
import { createConversation } from '../customer/conversation.js'
import { createMailbox } from '../customer/mailbox.js'
import type { OfferedInvoice } from '../customer/offer.js'
import { lookUpPayment, paymentStandingOf, type PaymentNews } from '../customer/pay-once.js'
import type { PaymentJournal, PinnedOffer } from '../customer/payment-journal.js'
import { tame } from '../customer/story.js'
import type { Clock, Network, RelayPool, Signer, Wallet, WebClient } from '../ports.js'
import type { Budget, BudgetLimit } from './budget.js'
import { createBudgetedWallet } from './budgeted-wallet.js'
import { unpublished } from './closing.js'
import { createDialogue, type DialogueOutcome } from './dialogue.js'
import { draftCancel, draftProof } from './draft-hire.js'
import { endHire } from './end-hire.js'
import type { HireJournal, SavedHire, SavedMessage } from './hire-journal.js'
import type { HireOutcome } from './hire-outcome.js'
import type { HireLine, TellHire } from './hire-story.js'
import type { Mail } from './mail.js'

const FIRST_LOOKUP_MS: Millis = 1_000
const LONGEST_LOOKUP_MS: Millis = 30_000
/** How long a result waits for the wallet to say what it paid. */
const WALLET_GRACE_MS: Millis = 3_000
/** How long the end waits for relays to take an acknowledgement. */
const FAREWELL_MS: Millis = 5_000

export interface CarryOut {
  /** Saved already: a hire that nobody knows of could be paid for and never taken up again. */
  readonly hire: SavedHire
  /** Where the provider takes gift wraps. */
  readonly inboxRelays: readonly string[]
  readonly relays: readonly string[]
  readonly mail: Mail
  readonly signer: Signer
  readonly relayPool: RelayPool
  readonly wallet: Wallet
  readonly journal: HireJournal
  readonly payments: PaymentJournal
  readonly budget: Budget
  readonly limit: BudgetLimit | null
  readonly rules: {
    readonly network: Network
    readonly decodeInvoice: (bolt11: string) => OfferedInvoice | Malformed
  }
  /** Fetches outputs that lie in a blob. */
  readonly web: WebClient
  readonly clock: Clock
  readonly timeoutMs: Millis
  readonly tell: (line: HireLine) => void
  readonly signal?: AbortSignal
}

type Message =
  | { readonly type: 'rumor'; readonly rumor: Rumor }
  /** The invoice of an earlier run, which is the only one that may be paid. */
  | { readonly type: 'pinned'; readonly offer: PinnedOffer }
  | { readonly type: 'payment'; readonly news: PaymentNews }
  | { readonly type: 'lookUp' }
  | { readonly type: 'hurry' }
  | { readonly type: 'deadline' }
  | { readonly type: 'stopped' }
  | { readonly type: 'crashed'; readonly error: unknown }

/** Resolves for everything that providers, relays and wallets do. @throws TollbridgeError `store-corrupt`; whatever the disk throws. */
export async function carryOut(options: CarryOut): Promise<HireOutcome> {
  const { hire, mail, signer, journal, payments, budget, clock, rules, signal } = options
  const startedAt = clock.now()
  const mailbox = createMailbox<Message>()
  const over = new AbortController()
  const tell: TellHire = (event) => {
    const at = clock.now()
    options.tell({ ...event, hire: hire.id, at, sinceStartMs: at - startedAt })
  }
  const author = () => ({ self: signer.pubkey, now: clock.now() })
  const crash = (error: unknown): void => mailbox.post({ type: 'crashed', error })

  const wallet = createBudgetedWallet({
    ...{ wallet: options.wallet, budget, limit: options.limit, hireId: hire.id },
    ...(hire.maxFeeMsat !== undefined && { maxFeeMsat: hire.maxFeeMsat }),
    amountOf: (bolt11) => amountIn(rules.decodeInvoice(bolt11)),
  })
  const [attempt, pinned, result, agreement, rounds] = await Promise.all([
    payments.lastAttempt(hire.id),
    payments.offer(hire.id),
    journal.result(hire.id),
    journal.agreement(hire.id),
    journal.rounds(hire.id),
  ])
  const standing = paymentStandingOf(attempt)
  let held = agreement !== null || result !== null
  let lookupDelay = FIRST_LOOKUP_MS
  const cancels = new Set<() => void>()
  const later = (delayMs: Millis, message: Message): void => {
    const cancel = clock.after(delayMs, () => mailbox.post(message))
    cancels.add(cancel)
  }

  const conversation = createConversation(
    {
      jobId: hire.id,
      provider: hire.provider,
      rules: {
        ...rules,
        maxMsat: hire.maxMsat,
        get bidMsat(): Msat | null {
          return dialogue.agreement?.priceMsat ?? ZERO_MSAT
        },
      },
      wallet,
      pay: true,
      journal: payments,
      signer,
      clock,
      tell,
      start: (payment) => void payment().then((news) => mailbox.post({ type: 'payment', news }), crash),
      lookLater() {
        later(lookupDelay, { type: 'lookUp' })
        lookupDelay = Math.min(lookupDelay * 2, LONGEST_LOOKUP_MS)
      },
      download: (pointer) => downloadBlob(options.web, pointer),
      hurryLater: () => later(WALLET_GRACE_MS, { type: 'hurry' }),
      onPreimage(preimage, { amountMsat }, feesMsat) {
        void budget.settle(hire.id, amountMsat, feesMsat).catch(crash)
        // Whether or not it is waited for: in the next run it is sent again, until the result is here.
        void send(draftProof(dialogue.round, hire.provider, preimage, author()), 'proof').catch(crash)
      },
    },
    { pinned, standing },
  )
  const dialogue = createDialogue(
    {
      ...{ hire, journal, payments, conversation, signer, clock, tell, decodeInvoice: rules.decodeInvoice },
      onRound: (round) => void send(round, 'request').catch(crash),
    },
    { rounds, agreement },
  )

  async function send(
    message: SavedMessage,
    what: 'request' | 'proof' | 'other',
    signal = over.signal,
  ): Promise<number> {
    if (what === 'request') {
      const { rumorId: jobId } = message
      const { ceilingMsat } = dialogue.round
      tell({ type: 'requested', hireId: hire.id, jobId, provider: hire.provider, task: hire.task, ceilingMsat })
    }
    return mail.send({
      template: message.template,
      to: hire.provider,
      relays: options.inboxRelays,
      signal,
      onVerdict(relay, verdict) {
        if (verdict.type !== 'accepted') return tell({ ...unpublished(relay, verdict), reason: tame(verdict.reason) })
        held = true
        if (what === 'request') tell({ type: 'published', jobId: message.rumorId, provider: hire.provider, relay })
        if (what === 'proof') tell({ type: 'proved', relay })
      },
    })
  }

  /** Until one relay has it or the time is up: the end of a hire waits for no relay longer. */
  async function deliver(message: SavedMessage): Promise<number> {
    const enough = AbortSignal.any([AbortSignal.timeout(FAREWELL_MS), ...(signal ? [signal] : [])])
    return send(message, 'other', enough)
  }

  async function follow(message: Message): Promise<DialogueOutcome | null> {
    switch (message.type) {
      case 'rumor':
        held = true
        return dialogue.onRumor(message.rumor)
      case 'pinned':
        return dialogue.onPinned(message.offer)
      case 'payment':
        return conversation.onPayment(message.news)
      case 'lookUp':
        conversation.lookUp()
        return null
      case 'hurry':
        return conversation.hurry()
      case 'deadline':
        if (held) return conversation.lastWord()
        return { type: 'timeout', waitingFor: 'relay', message: 'no relay of its inbox took the request in time' }
      case 'stopped':
        return { type: 'stopped' }
      case 'crashed':
        throw message.error
    }
  }

  const onAbort = (): void => mailbox.post({ type: 'stopped' })
  signal?.addEventListener('abort', onAbort)
  if (signal?.aborted) onAbort()
  cancels.add(clock.after(options.timeoutMs, () => mailbox.post({ type: 'deadline' })))
  let leave = (): void => undefined
  const ending = {
    ...options,
    tell,
    deliver,
    dialogue,
    wallet,
    cancel: (note: string) => deliver(draftCancel(dialogue.round, hire.provider, note, author())),
  }

  try {
    if (result !== null) return await endHire(ending, { type: 'saved', result })
    if (standing !== 'none') {
      tell({ type: 'resumed', jobId: dialogue.round.rumorId, provider: hire.provider, payment: standing })
    }
    leave = mail.listen(hire.provider, (rumor) => mailbox.post({ type: 'rumor', rumor }))
    // Sent again also where it was sent before: it is the same rumor, and an answer to it may be on its way.
    if (standing === 'none') void send(dialogue.round, 'request').catch(crash)
    else if (standing !== 'refused') {
      void lookUpPayment({ wallet, journal: payments, clock }, hire.id).then(
        (news) => mailbox.post({ type: 'payment', news }),
        crash,
      )
    }
    if (pinned !== null && (standing === 'none' || standing === 'refused')) {
      mailbox.post({ type: 'pinned', offer: pinned })
    }
    for (;;) {
      const outcome = await follow(await mailbox.next())
      if (outcome !== null) return await endHire(ending, outcome)
    }
  } finally {
    leave()
    for (const cancel of cancels) cancel()
    signal?.removeEventListener('abort', onAbort)
    over.abort()
  }
}

const amountIn = (invoice: OfferedInvoice | Malformed): Msat =>
  isMalformed(invoice) ? ZERO_MSAT : (invoice.amountMsat ?? ZERO_MSAT)

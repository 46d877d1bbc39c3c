/** How does an agent hire another? Finds providers, chooses one by its rules, and carries the hire to its end. */
import { TollbridgeError } from '../core/errors.js'
import type { EventId, Malformed, Millis, Pubkey } from '../core/identifiers.js'
import { ZERO_MSAT, type Msat } from '../core/money.js'
import type { OfferedInvoice } from '../customer/offer.js'
import type { PaymentJournal } from '../customer/payment-journal.js'
import type { Clock, Network, RelayLists, RelayPool, Signer, Wallet, WebClient } from '../ports.js'
import type { Budget, BudgetLimit } from './budget.js'
import { carryOut } from './carry-out.js'
import { chooseProvider, type Choice, type TrustDemands } from './choose.js'
import { discoverProviders } from './discover.js'
import { draftHire } from './draft-hire.js'
import { feeAllowance, priceWithin } from './fees.js'
import type { HireJournal, SavedHire } from './hire-journal.js'
import type { HireOutcome } from './hire-outcome.js'
import type { HireLine } from './hire-story.js'
import { NO_PAST, readPast } from './history.js'
import { createMail, type Mail } from './mail.js'
import { openOwnInbox } from './own-inbox.js'
import { findSpokenOf, lookUpTrust, type TrustAnchors } from './trust.js'

/** What is wanted, from whom, for how much, and on what terms. */
export interface HireWish {
  /** The name of a capability, as providers list it. */
  readonly task: string
  readonly params: Readonly<Record<string, string>>
  readonly inputs: readonly (readonly string[])[]
  readonly topic: string | null
  /** Null: one is looked for. */
  readonly provider: Pubkey | null
  /** What this hire may cost at most, fees included: providers are offered what is left of it. */
  readonly maxMsat: Msat
  /** What is kept for fees; absent: the larger of one percent of the price and ten sats. */
  readonly maxFeeMsat?: Msat
  /** For all hires of this state directory together, over a rolling window. */
  readonly limit: BudgetLimit | null
  readonly anchors: TrustAnchors
  readonly demands: TrustDemands
  /** Until when an invoice is paid. */
  readonly deadlineMs: Millis
  /** Leave a public attestation when it is done. */
  readonly attest: boolean
}

/** The world as a hirer needs it. Everything is started, and stopped by whoever opened it. */
export interface HirerParts {
  readonly signer: Signer
  readonly relayPool: RelayPool
  readonly lists: RelayLists
  readonly wallet: Wallet
  readonly journal: HireJournal
  readonly payments: PaymentJournal
  readonly budget: Budget
  readonly clock: Clock
  /** Where we look, and where we are found. */
  readonly relays: readonly string[]
  /** What a first inbox list of ours names. */
  readonly inboxRelays: readonly string[]
  /** Fetches what results lead to. */
  readonly web: WebClient
  readonly verifyNip05: (address: string, pubkey: Pubkey) => Promise<boolean>
  readonly rules: {
    readonly network: Network
    readonly decodeInvoice: (bolt11: string) => OfferedInvoice | Malformed
  }
}

export interface HireRun {
  readonly limit: BudgetLimit | null
  /** How long this run waits; what is open then can be taken up again. */
  readonly timeoutMs: Millis
  readonly tell: (line: HireLine) => void
  readonly signal?: AbortSignal
}

export interface Hirer {
  readonly pubkey: Pubkey
  /** Looks and chooses. Sends, saves and spends nothing. */
  consider(wish: HireWish): Promise<Choice>
  /** Hires whom `consider` chose. Returns how it ended, or how it stands. */
  hire(wish: HireWish, choice: Choice, run: HireRun): Promise<HireOutcome>
  /** Hires of earlier runs that are neither done nor given up. */
  open(): Promise<SavedHire[]>
  /** @throws TollbridgeError `usage` where there is no such hire. */
  resume(id: EventId, run: HireRun): Promise<HireOutcome>
  stop(): void
}

export function createHirer(parts: HirerParts): Hirer {
  const { signer, relayPool, lists, journal, budget, clock, relays } = parts
  let mailing: Promise<{ mail: Mail; announceAt: (others: readonly string[]) => Promise<void> }> | null = null

  /** Opened with the first message: whoever only looks is not heard of. */
  async function openMail() {
    const inbox = await openOwnInbox(parts)
    const told = new Set(relays)
    return {
      mail: createMail({ signer, relayPool, relays: inbox.relays, clock }),
      /** A provider may look for our inbox list at its own relays only. */
      async announceAt(others: readonly string[]) {
        const fresh = others.filter((relay) => !told.has(relay))
        for (const relay of fresh) told.add(relay)
        await Promise.all(fresh.map((relay) => relayPool.publish(inbox.list, relay)))
      },
    }
  }

  async function carry(hire: SavedHire, inboxRelays: readonly string[], run: HireRun): Promise<HireOutcome> {
    mailing ??= openMail().catch((error: unknown) => {
      mailing = null // relays that do not answer now may answer the next hire
      throw error
    })
    const { mail, announceAt } = await mailing
    await announceAt(inboxRelays)
    return carryOut({ ...parts, ...run, hire, inboxRelays, mail })
  }

  return {
    pubkey: signer.pubkey,
    async consider(wish) {
      const past = await readPast(journal)
      const known = wish.provider === null ? [...past.keys(), ...(await findSpokenOf(parts, wish.anchors))] : []
      const candidates = await discoverProviders({ relayPool, relays, lists, clock }, { ...wish, known })
      const trust = await lookUpTrust(
        {
          ...parts,
          pastWith: async (provider) => past.get(provider) ?? NO_PAST,
        },
        wish.anchors,
        candidates.map(({ provider }) => provider),
      )
      const maxMsat = priceWithin(wish.maxMsat, wish.maxFeeMsat)
      return chooseProvider(candidates, trust, { demands: wish.demands, maxMsat, self: signer.pubkey })
    },
    async hire(wish, { chosen, reason }, run) {
      if (chosen === null) throw new TollbridgeError('usage', `nobody to hire: ${reason}`)
      const { candidate } = chosen
      const limit = run.limit
      const { maxFeeMsat } = wish
      const spent = limit === null ? 0 : await budget.committed(limit.windowMs)
      if (limit !== null && spent + feeAllowance(ZERO_MSAT, maxFeeMsat) >= limit.msat) {
        return { type: 'not-payable', code: 'over-budget', message: 'the budget of the window is used up' }
      }
      const now = clock.now()
      const maxMsat = priceWithin(wish.maxMsat, maxFeeMsat)
      const hire = draftHire(
        {
          ...{ provider: candidate.provider, task: wish.task, params: wish.params, inputs: wish.inputs },
          ...{ maxMsat, attest: wish.attest, ...(maxFeeMsat !== undefined && { maxFeeMsat }) },
          ceilingMsat: ceilingOf(candidate.offer, maxMsat),
          deadline: Math.floor((now + wish.deadlineMs) / 1000),
        },
        { self: signer.pubkey, now },
      )
      // ORDER: saved before anything is sent. A request that is out and unknown to us would be sent again as another one.
      await journal.saveHire(hire)
      return carry(hire, candidate.inboxRelays, run)
    },
    open: () => journal.open(),
    async resume(id, run) {
      const hire = await journal.hire(id)
      if (hire === null) throw new TollbridgeError('usage', 'no hire of that id is saved in the state directory')
      // What has failed is not asked for again in its name; a result is given again.
      if ((await journal.isClosed(id)) && (await journal.result(id)) === null) {
        throw new TollbridgeError('usage', 'this hire has ended without a result')
      }
      return carry(hire, await lists.inboxRelays(hire.provider), run)
    },
    stop: () => void mailing?.then(({ mail }) => mail.stop()).catch(() => undefined),
  }
}

/** The price that is listed, where it is exact: who asks for more must say so. Else all that may be paid. */
function ceilingOf(offer: { priceMsat: Msat | null; atMost: boolean } | null, maxMsat: Msat): Msat {
  if (offer === null || offer.priceMsat === null || offer.atMost) return maxMsat
  return offer.priceMsat < maxMsat ? offer.priceMsat : maxMsat
}

/** Whether an open hire is for the same: a command that is given again after a crash means the hire it had begun. */
export function isSameWish(hire: SavedHire, wish: HireWish): boolean {
  const essence = ({ task, params, inputs }: Pick<HireWish, 'task' | 'params' | 'inputs'>): string =>
    JSON.stringify([task, Object.entries(params).sort(), inputs])
  return (wish.provider ?? hire.provider) === hire.provider && essence(hire) === essence(wish)
}

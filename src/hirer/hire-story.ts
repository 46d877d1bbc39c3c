/** What happens to a hire, in the order it happens? The story of a request, and what agents say to each other besides. */
import type { EventId, Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { StoryEvent } from '../customer/story.js'

export type HireEvent =
  | StoryEvent
  /** A request was written and saved; it is sent after this. */
  | {
      readonly type: 'requested'
      readonly hireId: EventId
      readonly jobId: EventId
      readonly provider: Pubkey
      readonly task: string
      readonly ceilingMsat: Msat
    }
  | { readonly type: 'accepted'; readonly priceMsat: Msat; readonly exact: boolean; readonly delivers: string }
  /** Another price was offered; where it is taken up, another request follows. */
  | { readonly type: 'countered'; readonly priceMsat: Msat; readonly reason: string; readonly takenUp: boolean }
  /** At least one relay of the provider's inbox has our thanks. */
  | {
      readonly type: 'acknowledged'
      readonly jobId: EventId
      readonly resultId: EventId
      readonly amountMsat: Msat
    }
  /** A public attestation is on that relay. */
  | { readonly type: 'attested'; readonly eventId: EventId; readonly relay: string }

/** `hireId` tells the lines of several hires apart; `sinceStartMs` counts from the moment this run took the hire up. */
export type HireLine = HireEvent & { readonly hire: EventId; readonly at: number; readonly sinceStartMs: number }

export type TellHire = (event: HireEvent) => void

/** How may the embedded wallet misbehave? As wallets in the field do: late, twice, garbled, silent, or lying. */

export interface NwcBehaviour {
  /** The methods it concerns; default all. Whatever is not said below is done properly. */
  readonly methods?: readonly string[]
  /** The request is served at once, and answered after this time. */
  readonly replyDelayMs?: number
  /**
   * `never`: served, and not answered. `twice`: two different reply events. `garbled`: signed, and cannot be opened.
   * `nothing`: neither a result nor an error. `prose`: no JSON.
   */
  readonly replies?: 'once' | 'twice' | 'never' | 'garbled' | 'nothing' | 'prose'
  /** Refuses with this code and does nothing. */
  readonly refuseWith?: string
  /** What is answered instead of the true result. */
  readonly tell?: (result: object, method: string) => object
  /** `dropped`: lost on the way, as notifications are that nobody hears. `twice`: two events. `garbled`: signed, and cannot be opened. */
  readonly notifications?: 'sent' | 'dropped' | 'twice' | 'garbled'
  /** What is notified instead of the truth. */
  readonly tellNotified?: (transaction: object) => object
  /** Which side of a payment hash a look-up shows where there are both. Default: incoming. */
  readonly shows?: 'incoming' | 'outgoing'
  /** `strict`: settles and cancels what is accepted, and answers NOT_FOUND for all else, a repetition too. Default: as NIP-47 says. */
  readonly holds?: 'strict'
}

/** For `tell`: a wallet that calls everything expired that is neither settled nor given up, whatever became of it. */
export function callsExpired(transaction: object): object {
  const { state } = transaction as { readonly state?: unknown }
  return state === 'pending' || state === 'accepted' ? { ...transaction, state: 'expired' } : transaction
}

/** Several at once, each towards its methods; of two that say the same, the later counts. */
export type NwcBehaviours = NwcBehaviour | readonly NwcBehaviour[]

const listOf = (behaviours: NwcBehaviours): readonly NwcBehaviour[] => [behaviours].flat()

/** The misbehaviour towards one method: none where it concerns others. */
export const towards = (behaviours: NwcBehaviours, method: string): NwcBehaviour =>
  merged(listOf(behaviours).filter(({ methods }) => methods === undefined || methods.includes(method)))

export const merged = (behaviours: NwcBehaviours): NwcBehaviour =>
  Object.assign({}, ...listOf(behaviours)) as NwcBehaviour

/** Has the length and the shape of a sealed message, and no key opens it. */
export const GARBLED = Buffer.alloc(160, 2).toString('base64')

/** The plaintexts of the replies to one request; `GARBLED` stands for itself. */
export function repliesTo({ replies = 'once' }: NwcBehaviour, body: object): string[] {
  const text = JSON.stringify(body)
  switch (replies) {
    case 'once':
      return [text]
    case 'twice':
      return [text, text]
    case 'never':
      return []
    case 'garbled':
      return [GARBLED]
    case 'nothing':
      return [JSON.stringify({ ...body, error: null, result: null })]
    case 'prose':
      return ['this is not JSON']
  }
}

/** What does the provider read? The messages that a hirer writes, each with the time and name that it keeps for good. */
import { randomBytes } from 'node:crypto'
import type { EventId, Preimage, Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { rumorOf } from '../nostr/gift-wrap.js'
import { buildDispatch, type DispatchMessage } from '../nostr/kinds/dispatch.js'
import type { SavedHire, SavedMessage, SavedRound } from './hire-journal.js'

export interface HireDraft extends Omit<SavedHire, 'id' | 'at' | 'first'> {
  /** What the first request names as its ceiling; a higher price is then offered by a counter-offer. */
  readonly ceilingMsat: Msat
}

/** A provider that cannot see its own payments serves us all the same: we always bring the proof. */
const PROOF_PROMISED = { settlement: 'proof' }

interface Author {
  readonly self: Pubkey
  readonly now: number
}

/** Nothing of it is sent before it is saved. */
export function draftHire(draft: HireDraft, author: Author): SavedHire {
  const { ceilingMsat, ...facts } = draft
  const first = draftRound({ ...facts, ceilingMsat, re: null, about: null }, author)
  return { ...facts, id: first.rumorId, at: author.now, first }
}

export function draftRound(
  request: Pick<HireDraft, 'provider' | 'task' | 'params' | 'inputs' | 'deadline' | 'ceilingMsat'> & {
    /** The request whose counter-offer is taken up. */
    readonly re: string | null
    readonly about: EventId | null
  },
  author: Author,
): SavedRound {
  const { provider, task, params, inputs, deadline, ceilingMsat, re, about } = request
  const requestId = `hire-${randomBytes(12).toString('hex')}`
  const message: DispatchMessage = {
    type: 'dispatch-request',
    id: requestId,
    ts: timeOf(author),
    task,
    params: { ...params, ...PROOF_PROMISED },
    inputs,
    maxMsat: ceilingMsat,
    deadline,
    re,
  }
  return { ...draftMessage(message, { to: provider, about }, author), requestId, ceilingMsat }
}

/** Not saved: drafted again it says the same, and repeating it is harmless. */
export function draftProof(round: SavedRound, to: Pubkey, preimage: Preimage, author: Author): SavedMessage {
  const message: DispatchMessage = { type: 'dispatch-proof', re: round.requestId, ts: timeOf(author), preimage }
  return draftMessage(message, { to, about: round.rumorId }, author)
}

export function draftAck(round: SavedRound, to: Pubkey, author: Author): SavedMessage {
  const message: DispatchMessage = { type: 'dispatch-ack', re: round.requestId, ts: timeOf(author), note: null }
  return draftMessage(message, { to, about: round.rumorId }, author)
}

export function draftCancel(round: SavedRound, to: Pubkey, note: string, author: Author): SavedMessage {
  const message: DispatchMessage = { type: 'dispatch-cancel', re: round.requestId, ts: timeOf(author), note }
  return draftMessage(message, { to, about: round.rumorId }, author)
}

function draftMessage(
  message: DispatchMessage,
  address: { readonly to: Pubkey; readonly about: EventId | null },
  { self, now }: Author,
): SavedMessage {
  const template = buildDispatch({ message, ...address, createdAt: Math.floor(now / 1000) })
  return { rumorId: rumorOf(self, template).id, template }
}

const timeOf = ({ now }: Author): string => new Date(now).toISOString()

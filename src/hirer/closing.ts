/** How is a hire brought to its end? The result is kept first, then acknowledged, then attested where that was wished, then closed. */
import { createHash } from 'node:crypto'
import type { Msat } from '../core/money.js'
import { buildEndorsement } from '../nostr/kinds/attestation.js'
import type { Clock, PublishVerdict, RelayPool, Signer } from '../ports.js'
import { draftAck } from './draft-hire.js'
import type { HireJournal, SavedHire, SavedMessage, SavedResult, SavedRound } from './hire-journal.js'
import type { TellHire } from './hire-story.js'

const ATTESTED_FOR_S = 365 * 86_400

export interface Closing {
  readonly hire: SavedHire
  readonly journal: HireJournal
  readonly signer: Signer
  readonly relayPool: RelayPool
  /** Where an attestation is published. */
  readonly relays: readonly string[]
  readonly clock: Clock
  readonly tell: TellHire
  /** Sends to the provider's inbox for a while; how many relays took it. */
  readonly deliver: (message: SavedMessage) => Promise<number>
}

export const sha256Of = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex')

/** False where no relay took the acknowledgement: it is sent again when the hire is taken up. */
export async function acknowledge(
  { hire, journal, signer, clock, tell, deliver }: Closing,
  { round, result, amountMsat }: { round: SavedRound; result: SavedResult; amountMsat: Msat },
): Promise<boolean> {
  const draft = draftAck(round, hire.provider, { self: signer.pubkey, now: clock.now() })
  // ORDER: the result is on disk by now: what is acknowledged may be forgotten by whoever sent it.
  const ack = await journal.saveAck(hire.id, draft)
  if ((await deliver(ack)) === 0) return false
  tell({ type: 'acknowledged', jobId: result.jobId, resultId: result.messageId, amountMsat })
  return true
}

/** Public, and only on demand: it tells everybody that we hired this provider. */
export async function attest({ hire, journal, signer, relayPool, relays, clock, tell }: Closing): Promise<void> {
  const createdAt = Math.floor(clock.now() / 1000)
  const template = buildEndorsement({
    subject: hire.provider,
    summary: 'Hired and paid; the result was delivered.',
    expiresAt: createdAt + ATTESTED_FOR_S,
    createdAt,
  })
  const event = await journal.saveAttestation(hire.id, await signer.sign(template))
  const verdicts = relays.map(async (relay): Promise<void> => {
    const verdict = await relayPool.publish(event, relay)
    if (verdict.type === 'accepted') tell({ type: 'attested', eventId: event.id, relay })
    else tell(unpublished(relay, verdict))
  })
  await Promise.all(verdicts)
}

export const unpublished = (relay: string, verdict: Exclude<PublishVerdict, { type: 'accepted' }>) =>
  ({ type: 'unpublished', relay, reason: verdict.reason, final: verdict.type === 'refused' }) as const

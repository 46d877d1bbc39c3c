/** How do agents talk unheard? Gift wraps to the inbox of one, and whatever was wrapped for us, opened once (NIP-17, NIP-59). */
import type { EventTemplate, NostrEvent, Rumor } from '../core/event.js'
import { isMalformed, type Pubkey } from '../core/identifiers.js'
import { createOneAtATime } from '../core/one-at-a-time.js'
import { publishUntilHeld } from '../customer/publish-until-held.js'
import { BACK_DATED_S, GIFT_WRAP_KIND, unwrapRumor, wrapRumor } from '../nostr/gift-wrap.js'
import type { Clock, PublishVerdict, RelayPool, Signer } from '../ports.js'

/** Clocks differ, and relays are slow. */
const MARGIN_S = 3_600
const KEPT_RUMORS = 5_000
const KEPT_WRAPS = 50_000

export interface Mail {
  /** Every rumor by that author, those heard before included; each once. Returns the way to stop listening. */
  listen(author: Pubkey, onRumor: (rumor: Rumor) => void): () => void
  /** Wraps the template anew, its rumor being the same each time. Resolves when each relay has decided; returns how many took it. */
  send(letter: {
    readonly template: EventTemplate
    readonly to: Pubkey
    readonly relays: readonly string[]
    readonly signal: AbortSignal
    readonly onVerdict: (relay: string, verdict: PublishVerdict) => void
  }): Promise<number>
  stop(): void
}

export function createMail(options: {
  readonly signer: Signer
  readonly relayPool: RelayPool
  /** Where we read: our inbox relays, and the relays that we read anyway. */
  readonly relays: readonly string[]
  readonly clock: Clock
}): Mail {
  const { signer, relayPool, relays, clock } = options
  const seconds = (): number => Math.floor(clock.now() / 1000)
  const opened = new Set<string>()
  const rumors = new Map<string, Rumor>()
  const listeners = new Set<(rumor: Rumor) => void>()
  const oneAtATime = createOneAtATime()

  /** One after the other: of much junk each costs a multiplication on the curve, and the process has other things to do. */
  function receive(wrap: NostrEvent): void {
    if (opened.has(wrap.id)) return
    // A wrap that cannot be opened now is not remembered, and is opened when it comes again.
    void oneAtATime(() => open(wrap)).catch(() => undefined)
  }

  async function open(wrap: NostrEvent): Promise<void> {
    if (opened.has(wrap.id)) return
    const rumor = await unwrapRumor(signer, wrap)
    if (isMalformed(rumor)) return
    // Only now: a forged copy under the same id must not keep the real one out.
    remember(opened, wrap.id)
    if (rumors.has(rumor.id)) return
    const oldest = rumors.keys().next()
    if (rumors.size >= KEPT_RUMORS && !oldest.done) rumors.delete(oldest.value)
    rumors.set(rumor.id, rumor)
    for (const tell of listeners) tell(rumor)
  }

  const subscription = relayPool.subscribe({
    name: 'hirer-mail',
    relays,
    // Wraps are dated up to two days back, whenever they are sent: the time of the last one says nothing of the next.
    filters: () => [{ kinds: [GIFT_WRAP_KIND], '#p': [signer.pubkey], since: seconds() - BACK_DATED_S - MARGIN_S }],
    known: (id) => opened.has(id),
    onEvent: receive,
  })

  return {
    listen(author, onRumor) {
      const tell = (rumor: Rumor): void => {
        if (rumor.pubkey === author) onRumor(rumor)
      }
      for (const rumor of rumors.values()) tell(rumor)
      listeners.add(tell)
      return () => void listeners.delete(tell)
    },
    async send({ template, to, relays: inbox, signal, onVerdict }) {
      const { wrap } = await wrapRumor(signer, to, template, seconds())
      const publish = (event: NostrEvent, relay: string) => relayPool.publish(event, relay)
      return publishUntilHeld({ event: wrap, relays: inbox, publish, clock, signal, onVerdict })
    },
    stop: () => subscription.close(),
  }
}

function remember(ids: Set<string>, id: string): void {
  const oldest = ids.values().next()
  if (ids.size >= KEPT_WRAPS && !oldest.done) ids.delete(oldest.value)
  ids.add(id)
}

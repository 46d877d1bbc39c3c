/** Do we still hear? Every few minutes one event of ours goes to each relay that we listen on, and must come back. */
import type { Filter, NostrEvent } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import { buildProbe, probeFilter } from '../nostr/kinds/probe.js'
import type { Clock, Logger, RelayPool, Signer } from '../ports.js'

/** Until then whatever connects is gathered for one event. */
const GATHER_MS = 1_000
/** What does not come back by then does not come. */
const PROVEN_WITHIN_MS = 10_000

export interface Probe {
  /** For every subscription whose relays are to be proven. */
  readonly echo: Filter
  /** Call it when a relay has caught up: from then on it is proven, soon and then again and again. */
  readonly watch: (relay: string) => void
  stop(): void
}

export function createProbe(wiring: {
  readonly relays: Pick<RelayPool, 'prove'>
  readonly signer: Pick<Signer, 'pubkey' | 'sign'>
  readonly clock: Clock
  readonly log: Logger
  readonly periodMs: Millis
}): Probe {
  const { relays, signer, clock, log, periodMs } = wiring
  const watched = new Set<string>()
  const soon = new Set<string>()
  const underWay = new Set<string>()
  let cancelSoon: (() => void) | null = null
  let cancelRound: (() => void) | null = null
  let stopped = false

  /** Null where the signer does not answer: the relays are asked the weaker question. */
  function signProbe(): Promise<NostrEvent | null> {
    return new Promise((resolve) => {
      const cancel = clock.after(PROVEN_WITHIN_MS, () => resolve(null))
      signer.sign(buildProbe(signer.pubkey, Math.floor(clock.now() / 1000))).then(
        (event) => {
          cancel()
          resolve(event)
        },
        () => {
          cancel()
          resolve(null)
        },
      )
    })
  }

  async function proveAll(urls: readonly string[]): Promise<void> {
    const idle = urls.filter((url) => !underWay.has(url))
    if (idle.length === 0) return
    for (const url of idle) underWay.add(url)
    const event = await signProbe()
    await Promise.all(
      idle.map(async (url) => {
        const outcome = stopped ? 'unproven' : await relays.prove(event, url, PROVEN_WITHIN_MS)
        log.debug({ relay: url, outcome }, 'relay probed')
        underWay.delete(url)
      }),
    )
  }

  function proveSoon(): void {
    cancelSoon = null
    const urls = [...soon]
    soon.clear()
    void proveAll(urls)
  }

  function round(): void {
    cancelRound = clock.after(periodMs, round)
    void proveAll([...watched])
  }

  return {
    echo: probeFilter(signer.pubkey),
    watch(relay) {
      if (stopped) return
      watched.add(relay)
      soon.add(relay)
      cancelSoon ??= clock.after(GATHER_MS, proveSoon)
      cancelRound ??= clock.after(periodMs, round)
    },
    stop() {
      stopped = true
      cancelSoon?.()
      cancelRound?.()
    },
  }
}

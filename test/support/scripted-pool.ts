/** What would relays say? A RelayPool that answers by script, and remembers what it was sent. */
import type { NostrEvent } from '../../src/core/event.js'
import type { PublishVerdict, RelayLimits, RelayPool, RelayStatus } from '../../src/ports.js'

export const ACCEPTED: PublishVerdict = { type: 'accepted' }
export const LATER: PublishVerdict = { type: 'later', reason: 'no connection' }
export const REFUSED: PublishVerdict = { type: 'refused', reason: 'blocked: not here', tooLarge: false }
export const TOO_LARGE: PublishVerdict = { type: 'refused', reason: 'invalid: 70000 bytes', tooLarge: true }

export interface ScriptedPool extends RelayPool {
  readonly published: { readonly event: NostrEvent; readonly relay: string }[]
  /** What that relay says, one after another; the last is said for ever. Without a script: accepted. */
  script(relay: string, ...verdicts: (PublishVerdict | Promise<PublishVerdict>)[]): void
  /** What `fetch` finds. */
  readonly stored: unknown[]
  readonly statuses: RelayStatus[]
  /** What `prove` answers. Default: echo. */
  readonly proofs: Map<string, Awaited<ReturnType<RelayPool['prove']>>>
  /** What `prove` was asked, in order. */
  readonly proven: { readonly event: NostrEvent | null; readonly relay: string }[]
  /** What `limits` answers. */
  readonly known: Map<string, RelayLimits>
}

export function createScriptedPool(): ScriptedPool {
  const published: ScriptedPool['published'] = []
  const scripts = new Map<string, (PublishVerdict | Promise<PublishVerdict>)[]>()
  const stored: unknown[] = []
  const statuses: RelayStatus[] = []
  const proofs: ScriptedPool['proofs'] = new Map()
  const proven: ScriptedPool['proven'] = []
  const known = new Map<string, RelayLimits>()
  return {
    published,
    stored,
    statuses,
    proofs,
    proven,
    known,
    script: (relay, ...verdicts) => void scripts.set(relay, verdicts),
    subscribe: () => ({ close: () => undefined }),
    async publish(given, relay) {
      published.push({ event: (typeof given === 'string' ? JSON.parse(given) : given) as NostrEvent, relay })
      const script = scripts.get(relay) ?? [ACCEPTED]
      return (script.length > 1 ? script.shift() : script[0]) ?? ACCEPTED
    },
    fetch: async (relays) => ({ events: stored as NostrEvent[], answered: relays.length }),
    async prove(event, relay) {
      proven.push({ event, relay })
      return proofs.get(relay) ?? 'echo'
    },
    limits: (relay) => known.get(relay) ?? null,
    tendedAt: () => null,
    status: () => statuses,
    stop: async () => undefined,
  }
}

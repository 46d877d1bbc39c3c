/** Does this relay still deliver? An event of ours comes back on its subscriptions, or at least a request is answered. */
import type { NostrEvent } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import type { Clock, Logger, RelayPool } from '../ports.js'
import type { RelaySubscription } from './relay-subscription.js'
import type { Relay } from './relay.js'

/** How long a relay that rules our events out is not bothered with another. */
const UNWANTED_FOR_MS = 3_600_000
/** So many times in a row a relay that used to echo is taken for deaf; one that still answers has then ceased to echo. */
const MOST_REBUILDS = 3

type Answer = Awaited<ReturnType<RelayPool['prove']>>

export interface ProofRequest {
  readonly event: NostrEvent | null
  readonly relay: Relay
  readonly subscriptions: readonly RelaySubscription[]
  readonly timeoutMs: Millis
}

interface Memory {
  /** It has once brought an event back. */
  echoes: boolean
  rebuilds: number
  unwantedUntil: Millis
}

export function createRelayProof({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
  const memories = new WeakMap<Relay, Memory>()

  function memoryOf(relay: Relay): Memory {
    const memory = memories.get(relay) ?? { echoes: false, rebuilds: 0, unwantedUntil: 0 }
    memories.set(relay, memory)
    return memory
  }

  /** Those on which the event did not come back; null where the relay did not take it. */
  async function publishAndListen(request: ProofRequest, event: NostrEvent): Promise<RelaySubscription[] | null> {
    const { relay, timeoutMs } = request
    const deaf = new Set(request.subscriptions.filter(({ echoing }) => echoing))
    const asked = deaf.size
    if (asked === 0) return null
    let finish: () => void = () => undefined
    const finished = new Promise<null>((resolve) => (finish = () => resolve(null)))
    const cancels = [...deaf].map((subscription) =>
      subscription.awaitEcho(event.id, () => {
        deaf.delete(subscription)
        if (deaf.size === 0) finish()
      }),
    )
    cancels.push(clock.after(timeoutMs, finish))
    // Some say OK once they have delivered, some before, some never; what came back is proof enough.
    const verdict = await Promise.race([relay.publish(event.id, JSON.stringify(event)), finished])
    if (verdict?.type === 'accepted') await finished
    if (verdict?.type === 'refused') memoryOf(relay).unwantedUntil = clock.now() + UNWANTED_FOR_MS
    for (const cancel of cancels) cancel()
    if (deaf.size > 0 && verdict?.type !== 'accepted') return null
    // One that was closed, or asked anew meanwhile, was not told.
    const still = [...deaf].filter(({ echoing }) => echoing)
    return still.length === 0 && deaf.size === asked ? null : still
  }

  /** What it is listening for already: that is what the relay answers. The weaker proof, as it says nothing of the older request. */
  function askAgain({ relay, subscriptions, timeoutMs }: ProofRequest): Promise<'answered' | 'refused' | 'silent'> {
    return new Promise((resolve) => {
      const cancel = clock.after(timeoutMs, () => conclude('silent'))
      const conclude = (outcome: 'answered' | 'refused' | 'silent') => {
        cancel()
        request?.close()
        resolve(outcome)
      }
      const filters = subscriptions.find(({ listening }) => listening)?.filters ?? []
      const request = relay.request(
        filters.map((filter) => ({ ...filter, limit: 1 })),
        {
          onEvent: () => undefined,
          onEose: () => conclude('answered'),
          onClosed: () => conclude('refused'),
        },
      )
      if (!request) conclude('refused')
    })
  }

  function rebuild({ relay, subscriptions }: ProofRequest, deaf: readonly RelaySubscription[], reason: string): Answer {
    log.warn({ relay: relay.url, reason }, 'relay deaf')
    // Where others hear, the line is good.
    if (deaf.length > 0 && deaf.length < subscriptions.length) for (const subscription of deaf) subscription.rebuild()
    else relay.reconnect(`deaf: ${reason}`)
    return 'deaf'
  }

  return async function prove(request: ProofRequest): Promise<Answer> {
    const { event, relay, subscriptions } = request
    const { connections } = relay
    if (!relay.connected || !subscriptions.some(({ listening }) => listening)) return 'unproven'
    const memory = memoryOf(relay)
    const wanted = event && clock.now() >= memory.unwantedUntil
    const deaf = wanted ? await publishAndListen(request, event) : null
    if (!relay.connected || relay.connections !== connections) return 'unproven'
    if (deaf?.length === 0) {
      memory.echoes = true
      memory.rebuilds = 0
      relay.noteProof('echo')
      return 'echo'
    }
    if (deaf && memory.echoes && memory.rebuilds < MOST_REBUILDS) {
      memory.rebuilds += 1
      return rebuild(request, deaf, 'an event of ours did not come back')
    }
    const answer = await askAgain(request)
    if (!relay.connected || relay.connections !== connections || answer === 'refused') return 'unproven'
    if (answer === 'silent') return rebuild(request, [], 'a request was not answered')
    relay.noteProof('eose')
    return 'eose'
  }
}

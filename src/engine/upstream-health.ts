/** Does each API answer? Known from the calls that are made anyway; one that was not called lately is asked for its headers. */
import type { Millis } from '../core/identifiers.js'
import type { Clock, UpstreamClient, UpstreamOutcome } from '../ports.js'

/** Safe by definition (RFC 9110 §9.2.1), and answered by whatever stands before the API. */
const PROBE = { method: 'HEAD', target: '/', headers: {}, body: null, maxBytes: 1_024 } as const

export interface UpstreamHealth {
  /** The same clients, whose outcomes are noted. */
  readonly clients: ReadonlyMap<string, UpstreamClient>
  /** True where each has answered within that time, or does now. Never throws. */
  areAnswering(withinMs: Millis): Promise<boolean>
}

export function watchUpstreams(clients: ReadonlyMap<string, UpstreamClient>, clock: Clock): UpstreamHealth {
  const answeredAt = new Map<string, Millis>()

  const note = (name: string, outcome: UpstreamOutcome): void => {
    if (isAnswer(outcome)) answeredAt.set(name, clock.now())
    else answeredAt.delete(name)
  }

  const watched = [...clients].map(([name, client]): [string, UpstreamClient] => [
    name,
    {
      name: client.name,
      send(request, signal) {
        const sent = client.send(request, signal)
        // A call that its own side broke off says nothing of the API.
        void sent.then((outcome) => signal?.aborted || note(name, outcome))
        return sent
      },
      sameOriginTarget: (reference) => client.sameOriginTarget(reference),
      stop: () => client.stop(),
    },
  ])

  return {
    clients: new Map(watched),
    async areAnswering(withinMs) {
      const answers = await Promise.all(
        [...clients].map(async ([name, client]) => {
          if (clock.now() - (answeredAt.get(name) ?? Number.NEGATIVE_INFINITY) < withinMs) return true
          const outcome = await client.send(PROBE)
          note(name, outcome)
          return isAnswer(outcome)
        }),
      )
      return answers.every(Boolean)
    },
  }
}

/** 502, 503 and 504: what stands before the API says that it is not there (RFC 9110 §15.6). */
function isAnswer(outcome: UpstreamOutcome): boolean {
  if (outcome.type === 'unsent' || outcome.type === 'unknown') return false
  return outcome.status < 502 || outcome.status > 504
}

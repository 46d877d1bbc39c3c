/** What do the inputs of a job come to? Those that take long first, so that nothing large is held while a job waits. */
import { rejection, type Rejection } from '../core/errors.js'
import { tagValue, type Rumor } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import type { InputValue } from '../core/job-input.js'
import type { JobRequest } from '../core/job-request.js'
import type { JobIn } from '../core/job.js'
import type { GatheredType } from '../policies/inputs.js'
import type { Clock } from '../ports.js'
import { sizeOf, type InputSource } from './input-source.js'
import { createTurnstile } from './turnstile.js'

export type Gathered =
  | { readonly type: 'gathered'; readonly values: ReadonlyMap<number, InputValue> }
  | { readonly type: 'later'; readonly until: Millis }
  | { readonly type: 'refused'; readonly rejection: Rejection }

export interface Inputs {
  /** Idempotent: after a restart it is done again from the start. */
  gather(job: JobIn<'gathering'>, request: JobRequest, rumor: Rumor): Promise<Gathered>
}

const ORDER: readonly GatheredType[] = ['job', 'event', 'url']
/** Looks under way at one time, in all. */
const AT_ONCE = 16
const SOON_MS = 1_000
const FIRST_WAIT_MS = 2_000
const MAX_WAIT_MS = 30_000
/** What is nobody's work is not waited for as long as what is: a URL that fails so often stays away. */
const MAX_URL_TRIES = 3

interface Progress {
  readonly values: Map<number, InputValue>
  readonly tries: Map<number, number>
}

export function createInputs(wiring: {
  readonly sources: Readonly<Record<GatheredType, InputSource>>
  /** Bytes of all inputs of a job together. */
  readonly maxBytes: number
  /** From the arrival of a job to the last of its inputs. */
  readonly waitMs: Millis
  readonly clock: Clock
}): Inputs {
  const { sources, maxBytes, waitMs, clock } = wiring
  /** Bound to the very job: what was found is let go of with it. */
  const progress = new WeakMap<JobIn<'gathering'>, Progress>()
  const pass = createTurnstile(AT_ONCE)

  const room = ({ values }: Progress): number => maxBytes - [...values.values()].reduce((sum, v) => sum + sizeOf(v), 0)

  function deadlineOf(job: JobIn<'gathering'>, rumor: Rumor): Millis {
    const expiration = Number(tagValue(rumor, 'expiration') ?? Number.POSITIVE_INFINITY)
    return Math.min(job.receivedAt + waitMs, expiration * 1000) // NIP-40: an expired job is not started
  }

  return {
    async gather(job, request, rumor) {
      const own: Progress = progress.get(job) ?? { values: new Map(), tries: new Map() }
      progress.set(job, own)
      const deadline = deadlineOf(job, rumor)
      for (const type of ORDER) {
        for (const [index, input] of request.inputs.entries()) {
          if (input.type !== type || own.values.has(index)) continue
          const asker = { id: job.id, customer: job.customer, room: room(own) }
          const found = await pass(() => sources[type](input, asker))
          if (found.type === 'refused') return found
          if (found.type === 'found') {
            own.values.set(index, found.value)
            continue
          }
          const tries = (own.tries.get(index) ?? 0) + 1
          own.tries.set(index, tries)
          const now = clock.now()
          const isGivenUp = now >= deadline || (type === 'url' && tries >= MAX_URL_TRIES)
          if (isGivenUp) return { type: 'refused', rejection: rejection('input-unavailable', found.reason) }
          const pause = found.soon ? SOON_MS : Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(tries - 1, 10))
          return { type: 'later', until: Math.min(deadline, now + pause) }
        }
      }
      return { type: 'gathered', values: own.values }
    },
  }
}

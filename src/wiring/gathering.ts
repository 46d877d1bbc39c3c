/** Where do the inputs of jobs come from? Wires the sources of `i` tags, each behind the guard that it needs. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import { type Rejection } from '../core/errors.js'
import type { JobRequest } from '../core/job-request.js'
import type { Upstream } from '../core/route.js'
import { routeJob, translateJob } from '../engine/routing.js'
import { createEventLookUp, createEventSource } from '../inputs/from-event.js'
import { createJobSource } from '../inputs/from-job.js'
import { createUrlSource } from '../inputs/from-url.js'
import { createInputs } from '../inputs/inputs.js'
import { createResults } from '../inputs/results.js'
import { needsGathering } from '../policies/inputs.js'
import type { ReplyRelayRules } from '../policies/reply-relays.js'
import type { InputStation } from '../steps/context.js'

/** How long relays are waited for. */
const LOOK_MS = 4_000

export interface GatheringStation {
  readonly station: InputStation
  /** For the intake. */
  readonly gathers: (request: JobRequest) => boolean | Rejection
  /** Characters that a job may come to hold. */
  readonly mostGathered: number
  /** What is under way fails at once. */
  stop(): Promise<void>
}

export function openGathering(wiring: {
  readonly config: Config
  readonly adapters: Adapters
  readonly upstreams: readonly Upstream[]
  readonly replyRelays: ReplyRelayRules
}): GatheringStation {
  const { config, adapters, upstreams, replyRelays: rules } = wiring
  const { relays, store, clock, handlers, inputWeb: web, web: ownWeb, signer } = adapters
  const { types, maxInputs, maxBytes, maxDepth, timeoutSeconds, waitSeconds, allowPrivate } = config.inputs
  const timeoutMs = timeoutSeconds * 1000
  const readRelays = config.relays.read
  const lookUp = createEventLookUp({ relays, readRelays, rules, lookMs: LOOK_MS })
  const results = createResults({ signer, web, ownWeb, timeoutMs })
  const inputs = createInputs({
    sources: {
      url: createUrlSource({ web, timeoutMs }),
      event: createEventSource(lookUp),
      job: createJobSource({ store, relays, lookUp, results, readRelays, rules, lookMs: LOOK_MS, maxDepth }),
    },
    maxBytes,
    waitMs: waitSeconds * 1000,
    clock,
  })
  const inputRules = { types: new Set(types), maxInputs, allowPrivate }
  return {
    station: {
      ...inputs,
      translate: (request) => translateJob(handlers, (job, handler) => routeJob(upstreams, job, handler), request),
    },
    gathers: (request) => (request.inputs.length === 0 ? false : needsGathering(request, inputRules)),
    // Bytes that are no text are kept in base64.
    mostGathered: Math.ceil((maxBytes * 4) / 3),
    stop: () => web.stop(),
  }
}

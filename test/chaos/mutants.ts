/** Would the storm notice? Deliberate bugs, put in from outside where the daemon joins this world. */
import type { Adapters } from '../../src/wiring/adapters.js'

export const MUTANTS = {
  /** Takes a relay's refusal, or its silence, for its word that it has the event. */
  credulous: (adapters: Adapters): Adapters => ({
    ...adapters,
    relays: {
      ...adapters.relays,
      publish: async (event, relay) => {
        await adapters.relays.publish(event, relay)
        return { type: 'accepted' }
      },
      // Whoever believes what he is told does not look afterwards.
      fetch: async () => ({ events: [], answered: 0 }),
    },
  }),
  /** Hears what is said from now on, and never asks for what it has missed. */
  inattentive: (adapters: Adapters): Adapters => ({
    ...adapters,
    relays: {
      ...adapters.relays,
      subscribe: (request) =>
        adapters.relays.subscribe({
          ...request,
          filters: (since) =>
            request.filters(since).map((filter) => ({ ...filter, since: Math.floor(adapters.clock.now() / 1000) })),
        }),
    },
  }),
  /** Remembers nothing of what it did before it was started. */
  forgetful: (adapters: Adapters): Adapters => adapters,
} as const satisfies Record<string, (adapters: Adapters) => Adapters>

export type Mutant = keyof typeof MUTANTS

export const isMutant = (name: string): name is Mutant => Object.hasOwn(MUTANTS, name)

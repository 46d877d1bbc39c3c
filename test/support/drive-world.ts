/** What does it take to drive jobs whose steps are scripted? The real drive, census and slots over a store in memory. */
import type { EventId } from '../../src/core/identifiers.js'
import type { Job, OpenJob } from '../../src/core/job.js'
import type { Fact } from '../../src/core/transition.js'
import { createCensus, type Census } from '../../src/engine/census.js'
import { createDrive, type Drive } from '../../src/engine/drive.js'
import { createSlots, type Slots } from '../../src/engine/slots.js'
import type { Pause, StepContext } from '../../src/steps/context.js'
import { createStepWorld, type StepWorld } from './step-world.js'

export type ScriptedStep = (job: OpenJob, context: StepContext) => Promise<Fact | Pause> | Fact | Pause

export interface DriveWorld extends StepWorld {
  readonly drive: Drive
  readonly census: Census
  readonly slots: Slots
  /** State and id of every step that began. */
  readonly began: { readonly state: string; readonly id: EventId }[]
  /** Facts of states as the store was told of them, by `save` or `note`. */
  readonly writes: string[]
}

export function createDriveWorld(
  step: ScriptedStep,
  options: {
    readonly concurrency?: number
    readonly world?: StepWorld
    readonly onSave?: (job: Job) => Promise<void>
  } = {},
): DriveWorld {
  const world = options.world ?? createStepWorld()
  const began: DriveWorld['began'] = []
  const writes: string[] = []
  const { store } = world
  const watchedStore = {
    ...store,
    async insert(job: Job) {
      writes.push(`insert ${job.state}`)
      return store.insert(job)
    },
    async save(job: Job) {
      writes.push(`save ${job.state}`)
      await options.onSave?.(job)
      return store.save(job)
    },
    note(job: Job) {
      writes.push(`note ${job.state}`)
      store.note(job)
    },
  }
  const context = { ...world.context, store: watchedStore }
  const census = createCensus()
  const slots = createSlots(options.concurrency ?? 4, () => world.clock.now())
  const drive = createDrive({
    context: () => context,
    slots,
    census,
    reviveMs: 7 * 86_400_000,
    lateMs: 86_400_000,
    performStep: async (given, job) => {
      began.push({ state: job.state, id: job.id })
      return step(job, given)
    },
  })
  return { ...world, context, drive, census, slots, began, writes }
}

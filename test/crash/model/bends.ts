/** Where can a bug be put in from outside? The places where the model joins the real parts; none is bent in the true model. */
import type { Job } from '../../../src/core/job.js'
import type { Upstream } from '../../../src/core/route.js'
import type { JobStore, Signer, Wallet } from '../../../src/ports.js'
import type { SettlementWatch } from '../../../src/settlement/watch.js'
import type { performStep } from '../../../src/steps/index.js'
import type { SimulatedGate } from './gate.js'

export type PerformStep = typeof performStep

export interface Bends {
  readonly store?: (store: JobStore) => JobStore
  readonly signer?: (signer: Signer) => Signer
  readonly purse?: (wallet: Wallet) => Wallet
  readonly upstream?: (settings: Upstream) => Upstream
  readonly settlements?: (watch: SettlementWatch) => SettlementWatch
  readonly performStep?: (real: PerformStep, gate: SimulatedGate) => PerformStep
}

/** A store that says that a job is saved, and saves it only with the job's next change. */
export function saveTooLate(store: JobStore, isLate: (job: Job) => boolean): JobStore {
  const unsaved = new Map<string, Job>()
  return {
    ...store,
    get: (id) => unsaved.get(id) ?? store.get(id),
    async save(job) {
      if (isLate(job)) return void unsaved.set(job.id, job)
      await store.save(job)
      unsaved.delete(job.id)
    },
    note(job) {
      if (isLate(job)) return void unsaved.set(job.id, job)
      store.note(job)
      unsaved.delete(job.id)
    },
  }
}

import { describe, expect, it } from 'vitest'
import type { Mutant } from './mutants.js'
import { RECOVERY_MS, runStorm } from './storm.js'

const SAMPLE = { seed: 7, hours: 2, jobs: 240, relays: 20 }
const TIMEOUT_MS = 120_000

describe('twenty relays of which nineteen are bad', () => {
  it(
    'lose no job, double none, and are heard again within one back-off',
    async () => {
      const { jobs, paid, completed, lost, duplicates, recoveries } = await runStorm(SAMPLE)
      expect({ jobs, lost, duplicates }).toEqual({ jobs: 240, lost: [], duplicates: [] })
      expect(paid).toBeGreaterThan(80)
      expect(completed).toBeGreaterThan(180)
      expect(recoveries.filter((ms) => ms > RECOVERY_MS)).toEqual([])
    },
    TIMEOUT_MS,
  )

  it.each<Mutant>(['credulous', 'inattentive'])(
    'and a daemon that is %s is found out',
    async (mutant) => {
      const { lost, duplicates } = await runStorm({ ...SAMPLE, seed: 1, hours: 4, jobs: 400, mutant })
      expect(lost.length + duplicates.length).toBeGreaterThan(0)
    },
    TIMEOUT_MS,
  )
})

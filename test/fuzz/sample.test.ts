/** A fixed sample of `npm run test:fuzz`, and the proof that it would notice. */
import { expect, it } from 'vitest'
import { mutantTarget } from './mutants.js'
import { runFuzz } from './runner.js'
import { allTargets } from './targets/index.js'

it('twenty thousand inputs crash nothing', async () => {
  const { inputs, crashes, perTarget } = await runFuzz({ targets: allTargets(), inputs: 20_000, seed: 2 })
  expect(crashes).toEqual([])
  expect(inputs).toBe(20_000)
  for (const [name, { inputs: tried }] of perTarget) expect(tried, name).toBeGreaterThan(10)
}, 120_000)

it('a parser that trusts its input is found, and its input can be tried alone', async () => {
  const targets = [mutantTarget('crash')]
  const { crashes } = await runFuzz({ targets, inputs: 2_000, seed: 3 })
  const [first] = crashes
  expect(first?.why).toContain('TypeError')
  const again = await runFuzz({ targets, inputs: 2_000, seed: 3, only: first?.number ?? 0 })
  expect([again.inputs, again.crashes.length]).toEqual([1, 1])
}, 60_000)

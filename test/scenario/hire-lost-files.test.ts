/** Is nothing paid twice, and no budget passed, where files of the hirer were deleted or put back from an older copy? */
import { copyFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createHireWorld, type HireWorld } from '../support/hire-world.js'

let world: HireWorld
beforeEach(async () => {
  world = await createHireWorld()
})
afterEach(() => world.stop())

/** Removes what is known of a hire under that name. */
async function lose(...facts: readonly string[]): Promise<void> {
  const names = await readdir(world.stateDir)
  const lost = names.filter((name) => facts.some((fact) => name.endsWith(`.${fact}.json`)))
  expect(lost).toHaveLength(facts.length)
  for (const name of lost) await rm(join(world.stateDir, name))
}

it.each([
  ['its payment', ['payment-1']],
  ['its payment and its invoice', ['payment-1', 'offer']],
])('a paid hire that has lost %s is not paid again', async (_, facts) => {
  const agent = await world.agent()
  const first = world.hiring()
  const request = await agent.nextRequest()
  await agent.accept(request, 21_000)
  const { bolt11 } = await world.invoice(21_000)
  await agent.invoice(request, bolt11, 21_000)
  await first.until('paid')
  first.stop()
  await first.exit
  await lose(...facts)
  const second = world.run({})
  await agent.invoice(request, bolt11, 21_000)
  await second.until('paid')
  await agent.result(request, 'a joke')
  expect(await second.exit).toBe(0)
  expect(world.asked).toEqual([bolt11])
})

it.each([
  ['deleted', async (ledger: string) => rm(ledger)],
  ['put back as it was before', async (ledger: string) => copyFile(`${ledger}.old`, ledger)],
])('what was paid counts also where the ledger was %s', async (_, spoil) => {
  const agent = await world.agent()
  const ledger = join(world.stateDir, 'budget.json')
  const budget = { budgetSats: '62' }
  const first = world.hiring(budget)
  await world.serve(agent, await agent.nextRequest())
  await first.exit
  await copyFile(ledger, `${ledger}.old`)
  const second = world.hiring(budget)
  await world.serve(agent, await agent.nextRequest(2))
  expect(await second.exit).toBe(0)
  await spoil(ledger)
  const third = world.hiring(budget)
  const request = await agent.nextRequest(3)
  await agent.accept(request, 21_000)
  await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
  expect(await third.exit).toBe(4)
  expect(third.lines.at(-1)).toMatchObject({ code: 'over-budget' })
  expect(world.asked).toHaveLength(2)
})

/** Can those who pay nothing take every slot from those who have paid? */
import { expect, it } from 'vitest'
import { createSlots } from '../../../src/engine/slots.js'

const isGiven = async (slot: Promise<unknown>): Promise<boolean> => {
  let given = false
  void slot.then(() => (given = true))
  for (let turns = 0; turns < 5; turns += 1) await Promise.resolve()
  return given
}

it('a quarter is kept for what is paid, however many wait that are not', async () => {
  const slots = createSlots(8)
  const unpaid = Array.from({ length: 20 }, () => slots.take(false))
  const given = await Promise.all(unpaid.map(isGiven))
  expect(given.filter(Boolean)).toHaveLength(6)
  const paid = [slots.take(true), slots.take(true), slots.take(true)]
  expect(await Promise.all(paid.map(isGiven))).toEqual([true, true, false])

  const [give] = await Promise.all(unpaid.slice(0, 1))
  give?.()
  expect(await isGiven(paid[2] as Promise<unknown>)).toBe(true)
  expect(await isGiven(unpaid[6] as Promise<unknown>)).toBe(false)
})

it('what is kept goes unused by the unpaid only: none of them waits for ever', async () => {
  const slots = createSlots(4)
  const served: number[] = []
  await Promise.all(
    Array.from({ length: 30 }, async (_, number) => {
      const give = await slots.take(number % 3 === 0)
      await Promise.resolve()
      served.push(number)
      give()
    }),
  )
  expect(served).toHaveLength(30)
})

import { describe, expect, it } from 'vitest'
import type { IncomingPage, SettledIncoming } from '../../../src/ports.js'
import { pageByOffset } from '../../../src/wallets/offset-page.js'

/** A wallet whose list, newest first, holds these numbers, two a page; a number is its own proof unless it is odd. */
const reading = (numbers: readonly number[], { knowsOffset = true, oldest = 0 } = {}) => ({
  list: async (offset: number) => numbers.slice(knowsOffset ? offset : 0).slice(0, 2),
  idOf: String,
  settledOf: (one: number) => (one % 2 === 0 ? ({ amountMsat: one } as unknown as SettledIncoming) : null),
  isOlder: (one: number) => one < oldest,
})

async function readAll(wallet: ReturnType<typeof reading>): Promise<number[]> {
  const amounts: number[] = []
  let cursor: string | null = null
  do {
    const page: IncomingPage = await pageByOffset<number>(cursor, wallet)
    amounts.push(...page.settled.map(({ amountMsat }) => amountMsat))
    cursor = page.cursor
  } while (cursor !== null)
  return amounts
}

describe('a list with pages by offset', () => {
  it('is read to its end, and holds what proves itself', async () => {
    expect(await readAll(reading([9, 8, 6, 5, 4]))).toEqual([8, 6, 4])
  })

  it('ends where the wallet gives the same page again', async () => {
    expect(await readAll(reading([8, 6, 4], { knowsOffset: false }))).toEqual([8, 6])
  })

  it('ends with the page that reaches back far enough, and leaves out what is older', async () => {
    expect(await readAll(reading([8, 6, 4, 2], { oldest: 5 }))).toEqual([8, 6])
    expect((await pageByOffset<number>('2:8', reading([8, 6, 4, 2], { oldest: 3 }))).cursor).toBe(null)
  })

  it('begins anew with a cursor that it never gave', async () => {
    expect((await pageByOffset<number>('nonsense', reading([8, 6, 4]))).cursor).toBe('2:8')
  })
})

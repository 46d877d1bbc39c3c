/** Is so much kept for fees that price and fees stay within what may be spent? */
import { expect, it } from 'vitest'
import type { Msat } from '../../../src/core/money.js'
import { feeAllowance, priceWithin } from '../../../src/hirer/fees.js'
import { createRandom } from '../../support/random.js'

const msat = (n: number) => n as Msat

it.each([
  [0, 10_000],
  [21_000, 10_000],
  [1_000_000, 10_000],
  [1_000_001, 10_001],
  [50_000_000, 500_000],
])('of %i msat: %i', (amount, allowance) => {
  expect(feeAllowance(msat(amount))).toBe(allowance)
})

it('is what the user has named, whatever the price', () => {
  expect([feeAllowance(msat(50_000_000), msat(0)), feeAllowance(msat(1), msat(3_000))]).toEqual([0, 3_000])
})

it('leaves the highest price that fits, and nothing where the fees alone are too much', () => {
  expect([priceWithin(msat(10_000)), priceWithin(msat(50_000)), priceWithin(msat(9), msat(10))]).toEqual([0, 40_000, 0])
  const random = createRandom(7)
  const totals = Array.from({ length: 2_000 }, () => random(4_000_000) + 10_001)
  for (const total of [...totals, 1_010_000, 1_010_001, 1_010_002, 1_010_101]) {
    const price = priceWithin(msat(total))
    const cost = (amount: number) => amount + feeAllowance(msat(amount))
    expect([cost(price) <= total, cost(price + 1) > total]).toEqual([true, true])
  }
})

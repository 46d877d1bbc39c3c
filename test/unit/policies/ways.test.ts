/** Who may ask? Every combination of ways in, and what the others are told. */
import { describe, expect, it } from 'vitest'
import type { Pubkey } from '../../../src/core/identifiers.js'
import type { JobRequest } from '../../../src/core/job-request.js'
import { createGate, glance, type Standing, type WaysIn } from '../../../src/policies/ways.js'

const [ANNA, BERT, CARL] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [Pubkey, Pubkey, Pubkey]
const ways = (changes: Partial<WaysIn>): WaysIn => ({
  ...{ any: [], allow: new Set([ANNA]), deny: new Set([BERT]), workBits: 16, minRank: 50, unanswered: 'refuse' },
  ...changes,
})
const job = (customer: Pubkey, workBits = 0): JobRequest => ({ customer, workBits }) as JobRequest

const UNKNOWN: Standing = { rank: null, complete: true }
const GONE: Standing = { rank: null, complete: false }
const ranked = (rank: number, complete = true): Standing => ({ rank, complete })

it.each([
  ['everybody where no way is named', {}, CARL, 0, UNKNOWN, null],
  ['nobody on the deny list, whatever else', { any: ['work'] }, BERT, 64, ranked(100), 'not-admitted'],
  ['who is on the allow list', { any: ['allow'] }, ANNA, 0, UNKNOWN, null],
  ['nobody else', { any: ['allow'] }, CARL, 64, ranked(100), 'not-admitted'],
  ['who has worked', { any: ['work'] }, CARL, 16, UNKNOWN, null],
  ['nobody who worked less', { any: ['work'] }, CARL, 15, UNKNOWN, 'work-required'],
  ['nobody for being on a list that is no way', { any: ['work'] }, ANNA, 0, UNKNOWN, 'work-required'],
  ['who has the rank', { any: ['rank'] }, CARL, 0, ranked(50), null],
  ['nobody below it', { any: ['rank'] }, CARL, 0, ranked(49), 'rank-too-low'],
  ['nobody without one', { any: ['rank'] }, CARL, 0, UNKNOWN, 'rank-too-low'],
  ['nobody while it cannot be looked up', { any: ['rank'] }, CARL, 0, GONE, 'rank-unavailable'],
  ['whose rank cannot be looked up, where so set', { any: ['rank'], unanswered: 'admit' }, CARL, 0, GONE, null],
  ['nobody ranked low by all who answer', { any: ['rank'], unanswered: 'admit' }, CARL, 0, ranked(3), 'rank-too-low'],
  ['who has the rank by one, though another is gone', { any: ['rank'] }, CARL, 0, ranked(70, false), null],
  ['a friend, of three ways', { any: ['allow', 'rank', 'work'] }, ANNA, 0, GONE, null],
  ['a worker, of three ways', { any: ['allow', 'rank', 'work'] }, CARL, 16, GONE, null],
  ['a ranked one, of three ways', { any: ['allow', 'rank', 'work'] }, CARL, 0, ranked(90), null],
  ['of three ways none: told of the open one', { any: ['allow', 'rank', 'work'] }, CARL, 0, UNKNOWN, 'work-required'],
  ['who has both', { any: ['rank+work'] }, CARL, 16, ranked(90), null],
  ['nobody who has only the rank', { any: ['rank+work'] }, CARL, 0, ranked(90), 'work-required'],
  ['nobody who has only worked', { any: ['rank+work'] }, CARL, 16, ranked(9), 'rank-too-low'],
] as const)('admits %s', async (_, changes, customer, workBits, standing, code) => {
  const verdict = await createGate(ways(changes), async () => standing)(job(customer, workBits))
  expect(verdict?.rejected ?? null).toBe(code)
  if (code === 'work-required') expect(verdict?.remedy).toEqual(['pow', '16'])
})

describe('at a glance', () => {
  it('nobody is asked where the claim decides', async () => {
    let asked = 0
    const gate = createGate(ways({ any: ['allow', 'rank', 'work'] }), async () => {
      asked += 1
      return UNKNOWN
    })
    await Promise.all([gate(job(ANNA)), gate(job(BERT)), gate(job(CARL, 20))])
    expect(asked).toBe(0)
    await gate(job(CARL))
    expect(asked).toBe(1)
  })

  it('says what is refused even if it is true, and where the rank decides', () => {
    const of = (any: WaysIn['any'], customer: Pubkey, workBits = 0) => {
      const seen = glance(ways({ any }), { customer, workBits })
      return typeof seen === 'string' ? seen : (seen?.rejected ?? null)
    }
    expect([of([], BERT), of(['work'], CARL), of(['rank'], CARL), of(['rank+work'], CARL)]).toEqual([
      'not-admitted',
      'work-required',
      'ask',
      'work-required',
    ])
    expect([of(['rank+work'], CARL, 16), of(['work'], CARL, 99)]).toEqual(['ask', null])
  })
})

/** What becomes of a job that its author calls off, in each of its states? */
import { describe, expect, it } from 'vitest'
import { isUnpaidInvoice, type Job } from '../../../src/core/job.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { PAUSE, pauseUntil } from '../../../src/steps/context.js'
import { createDriveWorld, type ScriptedStep } from '../../support/drive-world.js'
import { settled } from '../../support/fake-clock.js'
import { jobIn, paidJobIn, sampleDelivery, sampleOffer, sampleOutput } from '../../support/sample-jobs.js'
import { createStepWorld } from '../../support/step-world.js'

const author = jobIn('quoting').customer
const stranger = 'e'.repeat(64) as Pubkey
const statusTag = (event: string | null | undefined): string[] | undefined =>
  (JSON.parse(event ?? '{"tags":[]}') as { tags: string[][] }).tags.find(([name]) => name === 'status')
const later = { ...sampleOffer, expiresAt: 1_800_000_000_000 + 3_600_000 }

async function worldWith(job: Job, step: ScriptedStep = () => PAUSE) {
  const world = createDriveWorld(step)
  await world.drive.admit(job)
  await settled()
  return world
}

describe('a job that its author calls off', () => {
  it.each(['quoting', 'invoicing', 'offering'] as const)(
    'while %s is closed, says so once, and keeps no slot',
    async (state) => {
      const { drive, store, sent, census } = await worldWith(jobIn(state))
      const { id } = jobIn(state)
      expect(drive.cancel(id, author)).toBe('stopping')
      await settled()
      const job = store.get(id) ?? (await store.findArchived(id))
      expect(job).toMatchObject({ state: 'cancelled', request: '' })
      expect(job).not.toHaveProperty('offer')
      expect(sent.map(({ delivery }) => statusTag(delivery.event)?.slice(0, 3))).toEqual([
        ['status', 'error', 'cancelled'],
      ])
      expect([census.openInAll(), census.of(author).unpaid]).toEqual([0, 0])
      expect(drive.cancel(id, author)).toBe('ended')
    },
  )

  it('while a step is under way ends with that step, whatever it found out', async () => {
    let finish = () => undefined as void
    const { drive, store } = await worldWith(jobIn('quoting'), async () => {
      await new Promise<void>((resolve) => (finish = resolve))
      return { type: 'attemptFailed', retryAt: 5, outcomeUnknown: false, why: 'broken' }
    })
    const { id } = jobIn('quoting')
    expect(drive.cancel(id, author)).toBe('stopping')
    await settled()
    expect(drive.current(id)?.state).toBe('quoting')
    finish()
    await settled()
    expect((store.get(id) ?? (await store.findArchived(id)))?.state).toBe('cancelled')
  })

  it('is served all the same where the step under way executed the call', async () => {
    let finish = () => undefined as void
    const { drive } = await worldWith(jobIn('quoting'), async (job) => {
      if (job.state !== 'quoting') return PAUSE
      await new Promise<void>((resolve) => (finish = resolve))
      return { type: 'answered', output: sampleOutput }
    })
    drive.cancel(jobIn('quoting').id, author)
    finish()
    await settled()
    expect(drive.current(jobIn('quoting').id)?.state).toBe('publishing')
  })

  it('with its invoice out is closed, watched as before, and counted as unpaid until the invoice lapses', async () => {
    const { drive, watched, census, clock } = await worldWith({ ...jobIn('awaiting'), offer: later }, () =>
      pauseUntil(9e15),
    )
    const { id } = jobIn('awaiting')
    expect(drive.cancel(id, author)).toBe('stopping')
    await settled()
    expect(drive.current(id)).toMatchObject({ state: 'cancelled', offer: later, request: jobIn('awaiting').request })
    expect(watched.get(later.paymentHash)?.pace).toBe('open')
    expect([census.openInAll(), census.of(author).unpaid, census.weightInAll()]).toEqual([0, 1, 1])
    await clock.advance(3_600_000 + 60_000)
    expect(drive.current(id)).toMatchObject({ state: 'cancelled', lapsed: true })
    expect(watched.get(later.paymentHash)?.pace).toBe('late')
    expect([census.of(author).unpaid, census.weightInAll()]).toEqual([0, 0])
  })

  it.each([
    ['before the invoice lapses', 1_000],
    ['late', 2 * 3_600_000],
  ])('and is paid %s, is served', async (_, afterMs) => {
    const { drive, found, clock } = await worldWith({ ...jobIn('awaiting'), offer: later }, () => PAUSE)
    const { id } = jobIn('awaiting')
    drive.cancel(id, author)
    await clock.advance(afterMs)
    expect(drive.current(id)?.state).toBe('cancelled')
    const value = '00'.repeat(32) as never
    found.set(later.paymentHash, { key: { kind: 'preimage', value }, source: 'merchantWallet' })
    drive.wake(id)
    await settled()
    expect(drive.current(id)?.state).toBe('fetching')
  })

  it('is not stopped where its payment was found just before', async () => {
    const world = await worldWith({ ...jobIn('awaiting'), offer: later }, () => PAUSE)
    const value = '00'.repeat(32) as never
    world.found.set(later.paymentHash, { key: { kind: 'preimage', value }, source: 'merchantWallet' })
    world.drive.cancel(jobIn('awaiting').id, author)
    await settled()
    expect(world.drive.current(jobIn('awaiting').id)?.state).toBe('fetching')
  })

  it('after a restart is looked after as before', async () => {
    const world = createStepWorld()
    await world.store.insert({ ...jobIn('cancelled'), offer: later } as Job)
    const { drive, census, watched, clock } = createDriveWorld(() => PAUSE, { world })
    drive.resume()
    await settled()
    expect([watched.has(later.paymentHash), census.of(author).unpaid]).toEqual([true, 1])
    await clock.advance(3_600_000 + 60_000)
    expect(census.of(author).unpaid).toBe(0)
  })

  it.each(['fetching', 'publishing'] as const)('while %s goes on, and its customer is told so once', async (state) => {
    const { drive, sent } = await worldWith(jobIn(state))
    const { id } = jobIn(state)
    expect([drive.cancel(id, author), drive.cancel(id, author)]).toEqual(['goesOn', 'goesOn'])
    await settled()
    expect(drive.current(id)?.state).toBe(state)
    const said = sent.map(({ delivery }) => statusTag(delivery.event)).filter((tag) => tag?.[1] === 'processing')
    expect(said).toHaveLength(1)
    expect(said[0]?.[2]).toBe('not-cancelled')
  })

  it('by a stranger, or when it has ended, is left alone', async () => {
    const { drive, store } = await worldWith({ ...jobIn('awaiting'), offer: later }, () => PAUSE)
    const { id } = jobIn('awaiting')
    expect(drive.cancel(id, stranger)).toBe('foreign')
    await settled()
    expect(store.get(id)?.state).toBe('awaiting')
    expect(drive.cancel('b'.repeat(64) as typeof id, author)).toBe('unknown')
    const owed = await worldWith(paidJobIn('failing'), () => ({ type: 'signed', delivery: sampleDelivery('error') }))
    expect(owed.drive.cancel(id, author)).toBe('ended')
    expect(owed.drive.current(id)?.state).toBe('failed')
  })

  it('that had lapsed unpaid counts as no invoice', () => {
    expect(isUnpaidInvoice(jobIn('cancelled'))).toBe(true)
    expect(isUnpaidInvoice({ ...jobIn('cancelled'), lapsed: true } as Job)).toBe(false)
    expect(isUnpaidInvoice(jobIn('expired'))).toBe(false)
  })
})

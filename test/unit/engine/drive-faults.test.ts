/** What becomes of a job when a step, a port or the disk fails? Nothing is lost, and nothing is hammered. */
import { describe, expect, it } from 'vitest'
import { TollbridgeError } from '../../../src/core/errors.js'
import { PAUSE } from '../../../src/steps/context.js'
import { createDriveWorld } from '../../support/drive-world.js'
import { settled } from '../../support/fake-clock.js'
import { jobIn, sampleDelivery } from '../../support/sample-jobs.js'

const breaks = (): never => {
  throw new Error('a port broke, and here is a secret')
}

describe('a step that throws', () => {
  it('is tried again, later each time, and without end where somebody paid', async () => {
    const at: number[] = []
    const { drive, clock } = createDriveWorld((_job, context) => {
      at.push((context.clock.now() - 1_800_000_000_000) / 1000)
      return breaks()
    })
    await drive.admit(jobIn('fetching'))
    await clock.advance(10 * 60_000)
    expect(at.slice(0, 8)).toEqual([0, 1, 3, 7, 15, 31, 63, 123])
    expect(drive.current(jobIn('fetching').id)?.state).toBe('fetching')
  })

  it.each(['quoting', 'invoicing'] as const)(
    'gives up a job that nobody paid for after five faults: %s',
    async (state) => {
      const { drive, clock, log } = createDriveWorld((job) => (job.state === 'failing' ? PAUSE : breaks()))
      await drive.admit(jobIn(state))
      await clock.advance(14_000)
      expect(drive.current(jobIn(state).id)?.state).toBe(state)
      await clock.advance(2_000)
      expect(drive.current(jobIn(state).id)).toMatchObject({ state: 'failing', failure: { code: 'internal-error' } })
      expect(JSON.stringify(log.entries)).not.toContain('secret')
    },
  )

  it('counts faults in a row only', async () => {
    let steps = 0
    const { drive, clock } = createDriveWorld(() => {
      steps += 1
      return steps % 2 === 1 ? breaks() : { type: 'attemptFailed', retryAt: 0, outcomeUnknown: false, why: 'broken' }
    })
    await drive.admit(jobIn('quoting'))
    await clock.advance(60_000)
    expect(steps).toBeGreaterThan(100) // one second apart, never further
    expect(drive.current(jobIn('quoting').id)?.state).toBe('quoting')
  })

  it('holds up no other job', async () => {
    const { drive, clock, began } = createDriveWorld((job) => (job.state === 'quoting' ? breaks() : PAUSE), {
      concurrency: 1,
    })
    await drive.admit(jobIn('quoting'))
    await drive.admit({ ...jobIn('failing'), id: 'f'.repeat(64) as never })
    await clock.advance(0)
    expect(began.map(({ state }) => state)).toContain('failing')
  })
})

describe('a save that fails', () => {
  it('leaves the job where it was, is tried again later each time, and succeeds once there is room', async () => {
    let full = true
    const at: number[] = []
    const { drive, clock } = createDriveWorld(
      (job) =>
        job.state === 'publishing' && job.output ? { type: 'signed', delivery: sampleDelivery('result') } : PAUSE,
      {
        onSave: async () => {
          at.push((clock.now() - 1_800_000_000_000) / 1000)
          if (full) throw new TollbridgeError('store-full', 'the disk is full')
        },
      },
    )
    await drive.admit(jobIn('publishing'))
    await clock.advance(10_000)
    expect(at).toEqual([0, 1, 3, 7])
    expect(drive.current(jobIn('publishing').id)).toMatchObject({ state: 'publishing', outbox: [] })
    full = false
    await clock.advance(10_000)
    expect(drive.current(jobIn('publishing').id)?.outbox).toHaveLength(1)
  })

  it('refuses an offer whose payment hash another job took in the meantime', async () => {
    // Both were checked before either was saved.
    const { offer, secrets } = jobIn('offering')
    const world = createDriveWorld((job) => {
      if (job.state === 'invoicing') return { type: 'invoiced', offer, secrets }
      if (job.state === 'offering') return { type: 'signed', delivery: sampleDelivery('offer') }
      return PAUSE
    })
    await world.store.insert({ ...jobIn('awaiting'), id: 'e'.repeat(64) as never })
    await world.drive.admit(jobIn('invoicing'))
    await settled()
    expect(world.drive.current(jobIn('invoicing').id)).toMatchObject({
      state: 'failing',
      failure: { code: 'invoice-invalid' },
    })
  })
})

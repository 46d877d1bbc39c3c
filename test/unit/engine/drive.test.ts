/** Does one loop carry a job from fact to fact, in its order, and save what must be saved before it goes on? */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/core/job.js'
import type { Fact } from '../../../src/core/transition.js'
import { PAUSE, pauseUntil } from '../../../src/steps/context.js'
import { createDriveWorld, type ScriptedStep } from '../../support/drive-world.js'
import { settled } from '../../support/fake-clock.js'
import { jobIn, sampleDelivery, sampleOutput } from '../../support/sample-jobs.js'
import { numberedId } from '../../support/step-world.js'

const signed = (purpose: 'result' | 'error'): Fact => ({ type: 'signed', delivery: sampleDelivery(purpose) })

/** A free job: an answer, a signed result, delivered. */
const freeJob: ScriptedStep = (job) => {
  if (job.state === 'quoting') return { type: 'answered', output: sampleOutput }
  if (job.state === 'publishing' && job.output) return signed('result')
  return { type: 'delivered' }
}

describe('the drive', () => {
  it('carries a job from state to state, and puts it away at the end', async () => {
    const { drive, began, store, writes } = createDriveWorld((job, context) => {
      if (job.state === 'publishing' && job.outbox[0]) job.outbox[0].event = null
      return freeJob(job, context)
    })
    const job = jobIn('quoting')
    await drive.admit(job)
    await settled()
    expect(began.map(({ state }) => state)).toEqual(['quoting', 'publishing', 'publishing'])
    expect(writes).toEqual(['insert quoting', 'save publishing', 'note completed'])
    expect(store.get(job.id)).toBeUndefined()
    expect((await store.findArchived(job.id))?.state).toBe('completed')
  })

  it('never runs two steps of one job at once, however often it is woken', async () => {
    let running = 0
    let most = 0
    const { drive } = createDriveWorld(async () => {
      most = Math.max(most, (running += 1))
      await settled()
      running -= 1
      return PAUSE
    })
    const job = jobIn('publishing')
    await drive.admit(job)
    for (let times = 0; times < 20; times += 1) {
      drive.wake(job.id)
      await Promise.resolve()
    }
    for (let turns = 0; turns < 30; turns += 1) await settled()
    expect(most).toBe(1)
  })

  it('looks again where it was woken during the step that decided to pause', async () => {
    const { drive, began } = createDriveWorld((job) => {
      if (began.length === 1) drive.wake(job.id)
      return PAUSE
    })
    await drive.admit(jobIn('publishing'))
    await settled()
    expect(began).toHaveLength(2)
  })

  it('goes on only when what must be saved first is saved', async () => {
    let finish = () => undefined as void
    const saving = new Promise<void>((resolve) => (finish = resolve))
    const { drive, began } = createDriveWorld((job) => (job.state === 'failing' ? signed('error') : PAUSE), {
      onSave: () => saving,
    })
    await drive.admit(jobIn('failing'))
    await settled()
    expect(began).toHaveLength(1)
    expect(drive.current(jobIn('failing').id)?.state).toBe('failing')
    finish()
    await settled()
    expect(drive.current(jobIn('failing').id)?.state).toBe('rejected')
  })

  it('notes facts that cost nothing to lose only when the lane comes to rest', async () => {
    const world = createDriveWorld((job) =>
      job.state === 'quoting' && job.calls.attempt
        ? { type: 'attemptFailed', retryAt: 5, outcomeUnknown: false, why: 'broken' }
        : pauseUntil(9e15),
    )
    await world.drive.admit(jobIn('quoting'))
    await settled()
    expect(world.writes).toEqual(['insert quoting', 'note quoting'])
  })

  it('keeps what relays said of an open offer, so that a restart does not send it again', async () => {
    const { drive, writes } = createDriveWorld(() => PAUSE)
    const [open, other] = [jobIn('awaiting'), { ...jobIn('quoting'), id: numberedId(7) }]
    await drive.admit(open)
    await drive.admit(other)
    drive.heard(open.id)
    drive.heard(other.id)
    await settled()
    expect(writes).toEqual(['insert awaiting', 'insert quoting', 'note awaiting'])
  })

  it('wakes at the time that a step named, and only once', async () => {
    const { drive, began, clock } = createDriveWorld(() =>
      began.length === 1 ? pauseUntil(clock.now() + 5_000) : PAUSE,
    )
    await drive.admit(jobIn('publishing'))
    await clock.advance(4_999)
    expect(began).toHaveLength(1)
    await clock.advance(100_000)
    expect(began).toHaveLength(2)
  })

  it('keeps no timer of a job that was woken by something else, and none of one that is gone', async () => {
    const { drive, clock } = createDriveWorld((job, context) => {
      if (job.state === 'awaiting')
        return context.clock.now() > 1_800_000_000_000 ? { type: 'lapsed' } : pauseUntil(9e15)
      return PAUSE
    })
    const job = jobIn('awaiting')
    await drive.admit(job)
    await settled()
    expect(clock.timers()).toBe(1)
    await clock.advance(1)
    drive.wake(job.id)
    await settled()
    expect(drive.current(job.id)?.state).toBe('expired')
    expect(clock.timers()).toBe(0)
  })

  it('counts a job before it is stored, and takes the count back where it was stored before', async () => {
    const { drive, census, store } = createDriveWorld(() => PAUSE)
    const first = drive.admit(jobIn('publishing'))
    expect(census.openInAll()).toBe(1)
    await first
    expect(await drive.admit(jobIn('publishing'))).toBe('duplicate')
    expect(census.openInAll()).toBe(1)
    await store.stop()
    await expect(drive.admit({ ...jobIn('quoting'), id: numberedId(2) })).rejects.toThrow()
    expect(census.openInAll()).toBe(1)
  })
})

describe('resuming', () => {
  it('takes up what was paid for before everything else', async () => {
    const { drive, began, store } = createDriveWorld(() => PAUSE, { concurrency: 1 })
    const jobs: Job[] = [
      jobIn('quoting'),
      jobIn('invoicing'),
      jobIn('fetching'),
      jobIn('publishing'),
      jobIn('awaiting'),
    ]
    for (const [number, job] of jobs.entries()) {
      await store.insert({ ...job, id: numberedId(number), ...hashOf(job, number) })
    }
    drive.resume()
    await settled()
    const order = began.map(({ state }) => state)
    // Waiting costs no slot, so that only those that take one stand in line.
    expect(order.filter((state) => state !== 'awaiting' && state !== 'publishing')[0]).toBe('fetching')
    expect(order).toHaveLength(5)
  })

  it('counts every open job of the store', async () => {
    const { drive, census, store } = createDriveWorld(() => PAUSE)
    await store.insert({ ...jobIn('awaiting'), id: numberedId(1) })
    await store.insert({ ...jobIn('rejected'), id: numberedId(2) })
    drive.resume()
    expect([census.openInAll(), census.of(jobIn('awaiting').customer).unpaid]).toEqual([1, 1])
  })

  it('performs offers at once although every slot is taken, so that they are watched before a proof is heard', async () => {
    const { drive, began, store } = createDriveWorld(
      (job) => (job.state === 'quoting' ? new Promise(() => undefined) : PAUSE),
      {
        concurrency: 1,
      },
    )
    await store.insert({ ...jobIn('quoting'), id: numberedId(1) })
    await store.insert({ ...jobIn('offering'), id: numberedId(2) })
    drive.resume()
    expect(began.map(({ state }) => state)).toContain('offering')
  })
})

describe('retrying', () => {
  it('saves the word of the operator, and calls again', async () => {
    const { drive, writes, began } = createDriveWorld(() => PAUSE)
    await drive.admit(jobIn('failed'))
    await settled()
    expect((await drive.retry(jobIn('failed').id)).state).toBe('fetching')
    await settled()
    expect(writes).toContain('save fetching')
    expect(began.map(({ state }) => state)).toEqual(['fetching'])
  })

  it.each(['completed', 'rejected', 'awaiting', 'fetching', 'expired'] as const)(
    'refuses for a job that is %s',
    async (state) => {
      const { drive, store } = createDriveWorld(() => PAUSE)
      const job = jobIn(state)
      await store.insert({ ...job, outbox: [sampleDelivery('offer')] })
      await expect(drive.retry(job.id)).rejects.toMatchObject({ code: 'job-not-retryable' })
    },
  )

  it('refuses for a job that is not there', async () => {
    const { drive } = createDriveWorld(() => PAUSE)
    await expect(drive.retry(numberedId(9))).rejects.toMatchObject({ code: 'job-unknown' })
  })

  it('does not call twice where two operators ask at once', async () => {
    const { drive, writes } = createDriveWorld(() => PAUSE)
    await drive.admit(jobIn('failed'))
    await settled()
    const both = await Promise.allSettled([drive.retry(jobIn('failed').id), drive.retry(jobIn('failed').id)])
    expect(both.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(writes.filter((write) => write === 'save fetching').length).toBeLessThanOrEqual(2)
  })
})

/** A payment hash of its own for each job that has an offer. */
const hashOf = (job: Job, number: number): object =>
  'offer' in job && job.offer ? { offer: { ...job.offer, paymentHash: numberedId(100 + number) } } : {}

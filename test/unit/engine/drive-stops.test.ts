/** What does a stop leave behind? Running steps end, whoever waits for a turn lets it pass, and nothing looks as if it had been sent. */
import { describe, expect, it } from 'vitest'
import { isOpen, type Job } from '../../../src/core/job.js'
import { PAUSE, pauseUntil } from '../../../src/steps/context.js'
import { createDriveWorld, type DriveWorld, type ScriptedStep } from '../../support/drive-world.js'
import { settled } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'
import { numberedId, RUN } from '../../support/step-world.js'

function gate(): { wait: Promise<void>; open: () => void } {
  let open = () => undefined as void
  const wait = new Promise<void>((resolve) => (open = resolve))
  return { wait, open }
}

/** As the real steps do: an announcement is acted on once. */
const acting =
  (during: Promise<void>): ScriptedStep =>
  async (job, { begun }) => {
    if (job.state !== 'quoting' && job.state !== 'fetching') return PAUSE
    if (job.calls.attempt) begun.add(job.calls.attempt)
    await during
    return { type: 'refused', rejection: { rejected: 'upstream-refused' } }
  }

const attemptOf = (world: DriveWorld, number: number): unknown => {
  const job: Job | undefined = world.store.get(numberedId(number))
  return job && isOpen(job) && 'calls' in job ? job.calls.attempt : undefined
}

const announced = (state: 'quoting' | 'fetching', number: number): Job => {
  const job = jobIn(state)
  const own = { ...job, id: numberedId(number), calls: { ...job.calls, attempt: { run: RUN } } }
  return (own.state === 'fetching' ? { ...own, offer: { ...own.offer, paymentHash: numberedId(number) } } : own) as Job
}

describe('stopping', () => {
  it('waits for the running steps and notes where they led', async () => {
    const { wait, open } = gate()
    const world = createDriveWorld(acting(wait))
    await world.drive.admit(announced('quoting', 1))
    await settled()
    let stopped = false
    const stopping = world.drive.stop().then(() => (stopped = true))
    await settled()
    expect(stopped).toBe(false)
    open()
    await stopping
    expect(world.store.get(numberedId(1))?.state).toBe('failing')
  })

  it('begins no step that waits for its turn, and takes back what this run announced for it', async () => {
    const { wait, open } = gate()
    const world = createDriveWorld(acting(wait), { concurrency: 1 })
    await world.drive.admit(announced('quoting', 1))
    await world.drive.admit(announced('quoting', 2))
    await world.drive.admit(announced('fetching', 3))
    await settled()
    const stopping = world.drive.stop()
    open()
    await stopping
    expect(world.began).toHaveLength(1)
    expect([attemptOf(world, 2), attemptOf(world, 3)]).toEqual([null, null])
    expect(world.store.get(numberedId(3))?.state).toBe('fetching')
  })

  it('leaves an announcement that was acted on, or that another run made', async () => {
    const { wait, open } = gate()
    const world = createDriveWorld(
      async (job, context) => {
        await acting(wait)(job, context)
        return pauseUntil(9e15)
      },
      { concurrency: 1 },
    )
    await world.drive.admit(announced('fetching', 1))
    const foreign = announced('fetching', 2) as Job & { calls: object }
    await world.drive.admit({ ...foreign, calls: { ...foreign.calls, attempt: { run: 'run-0' } } } as Job)
    await settled()
    const stopping = world.drive.stop()
    open()
    await stopping
    expect([attemptOf(world, 1), attemptOf(world, 2)]).toEqual([{ run: RUN }, { run: 'run-0' }])
  })

  it('arms no timer afterwards, wakes nothing, and starts nothing new', async () => {
    const { wait, open } = gate()
    const world = createDriveWorld(async () => {
      await wait
      return pauseUntil(9e15)
    })
    await world.drive.admit({ ...jobIn('publishing'), id: numberedId(1) })
    const stopping = world.drive.stop()
    open()
    await stopping
    expect(world.clock.timers()).toBe(0)
    world.drive.wake(numberedId(1))
    await world.drive.admit(announced('quoting', 2))
    await settled()
    expect(world.began).toHaveLength(1)
    expect(attemptOf(world, 2)).toBeNull()
  })

  it('may be asked twice', async () => {
    const world = createDriveWorld(() => PAUSE)
    await world.drive.stop()
    await world.drive.stop()
  })
})

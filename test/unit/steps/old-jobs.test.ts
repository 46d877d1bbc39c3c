/** Is a job that lay at the relay served twice by daemons that share a key? */
import { describe, expect, it } from 'vitest'
import { signEvent } from '../../../src/nostr/event.js'
import { quoting } from '../../../src/steps/quoting.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer } from '../../support/scripted-upstream.js'
import { NOW_S, PROVIDER, PROVIDER_KEY, signJob } from '../../support/sign-jobs.js'
import { createStepWorld, type StepWorld } from '../../support/step-world.js'

/** A free POST that was published so many seconds before it was heard. */
function jobHeardAfter(seconds: number) {
  const job = jobIn('quoting')
  return {
    ...job,
    call: { ...job.call, method: 'POST' },
    request: JSON.stringify(signJob({ createdAt: NOW_S - seconds })),
    receivedAt: NOW_S * 1000,
  }
}

/** Our own key has answered the job, as another daemon with it would. */
function answeredElsewhere(world: StepWorld, jobId: string): StepWorld {
  const answered = { kind: 6800, created_at: NOW_S - 30, tags: [['e', jobId]], content: 'done' }
  world.pool.stored.push(signEvent(answered, PROVIDER_KEY, PROVIDER, Buffer.alloc(32, 2)))
  return world
}

describe('a job that lay at the relay', () => {
  it('is left alone, without a call, where our own key has answered it', async () => {
    const job = jobHeardAfter(60)
    const { context, api } = answeredElsewhere(createStepWorld(), job.id)
    expect(await quoting(context, job)).toEqual({ type: 'answeredElsewhere' })
    expect(api.requests).toEqual([])
  })

  it('is served where nobody has', async () => {
    const { context, api } = createStepWorld()
    api.script(answer(200, 'fine'))
    expect(await quoting(context, jobHeardAfter(60))).toMatchObject({ type: 'answered' })
  })

  it('is not asked after when it is fresh, so that no free call waits for relays', async () => {
    const job = jobHeardAfter(1)
    const { context, api } = answeredElsewhere(createStepWorld(), job.id)
    api.script(answer(200, 'fine'))
    expect(await quoting(context, job)).toMatchObject({ type: 'answered' })
  })
})

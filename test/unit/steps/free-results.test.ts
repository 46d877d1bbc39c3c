/** How long does a result wait for relays that do not take it? */
import { describe, expect, it } from 'vitest'
import type { Publishing } from '../../../src/core/job.js'
import { publishing } from '../../../src/steps/publishing.js'
import { jobIn, sampleOutput } from '../../support/sample-jobs.js'
import { NOW_S, signJob } from '../../support/sign-jobs.js'
import { createStepWorld } from '../../support/step-world.js'

const request = JSON.stringify(signJob())

describe('a signed result', () => {
  it('that was paid for is never given up before the outbox gives up', async () => {
    const { context } = createStepWorld()
    const paid: Publishing = { ...jobIn('publishing'), request }
    expect(await publishing(context, paid)).toMatchObject({ type: 'signed', delivery: { notAfter: null } })
  })

  it('that was free keeps its place for half an hour at the most, whatever relays its customer names', async () => {
    const { context } = createStepWorld()
    const free: Publishing = { ...jobIn('quoting'), request, state: 'publishing', output: sampleOutput }
    expect(await publishing(context, free)).toMatchObject({ type: 'signed', delivery: { notAfter: NOW_S + 1_800 } })
  })
})

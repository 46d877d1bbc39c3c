/** Does an agent get hired in private, paid once, and thanked? The command against an agent that speaks the real wire. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHireWorld, type HireWorld } from '../support/hire-world.js'

let world: HireWorld
beforeEach(async () => {
  world = await createHireWorld()
})
afterEach(() => world.stop())

describe('a hire', () => {
  it('is found, agreed, paid, delivered and acknowledged', async () => {
    const agent = await world.agent()
    const run = world.hiring({ param: ['about=bridges'] })
    const request = await agent.nextRequest()
    expect(request.message).toMatchObject({ task: 'joke', params: { about: 'bridges' }, maxMsat: 21_000, re: null })
    const bolt11 = await world.serve(agent, request)
    expect(await run.exit).toBe(0)
    const ack = await agent.next('dispatch-ack')
    expect(ack.message.re).toBe(request.message.id)
    expect(world.asked).toEqual([bolt11])
    expect(run.told('acknowledged')).toMatchObject([{ jobId: request.rumor.id, amountMsat: 21_000 }])
    expect(run.lines.at(-1)).toMatchObject({ type: 'ended', outcome: 'result', content: 'a joke', httpStatus: 200 })
  })
})

/** Does an answer go to where the customer reads, and what was sealed nowhere else? */
import { describe, expect, it } from 'vitest'
import type { Channel } from '../../../src/core/arrival.js'
import type { Job } from '../../../src/core/job.js'
import { createDestinations } from '../../../src/engine/destinations.js'
import { jobIn, sampleDelivery } from '../../support/sample-jobs.js'

const [OWN, HEARD, NAMED, READ, INBOX] = ['own', 'heard', 'named', 'read', 'inbox'].map(
  (name) => `wss://${name}.test/`,
) as [string, string, string, string, string]

const destinationsOf = (job: Job, { read = [] as string[], inbox = [] as string[] } = {}) =>
  createDestinations({
    writeRelays: [OWN],
    lists: { readRelays: async () => read, inboxRelays: async () => inbox },
  })(job)

const job = (changes: Partial<Job> = {}) => ({ ...jobIn('publishing'), heardOn: HEARD, ...changes }) as Job

describe('an answer in the open', () => {
  it('goes to our relays and to where the job was heard, where nothing else is known of its customer', async () => {
    expect(await destinationsOf(job())).toMatchObject({ counted: [OWN, HEARD] })
  })

  it('counts where the job says that it is read, and goes to the relays of its author and to ours besides', async () => {
    const found = await destinationsOf(job({ replyRelays: [NAMED] }), { read: [READ] })
    expect(found).toEqual({ counted: [NAMED], also: [READ, OWN, HEARD] })
  })

  it('counts at the read relays of its customer, and where the customer published', async () => {
    expect(await destinationsOf(job(), { read: [READ] })).toEqual({ counted: [READ, HEARD], also: [OWN, HEARD] })
  })

  it('goes to each relay once', async () => {
    expect(await destinationsOf(job({ heardOn: OWN }), { read: [OWN, READ] })).toMatchObject({ counted: [OWN, READ] })
  })
})

describe.each([
  { type: 'wrapped' },
  { type: 'dispatch', dialect: 'tollbridge', requestId: 'r' },
] as const satisfies readonly Channel[])('an answer that is $type', (channel) => {
  it('goes to the inbox relays of its customer and nowhere else', async () => {
    const sealed = job({ channel, replyRelays: [NAMED] })
    expect(await destinationsOf(sealed, { read: [READ], inbox: [INBOX] })).toEqual({ counted: [INBOX], also: [] })
  })

  it('goes nowhere without an inbox', async () => {
    expect(await destinationsOf(job({ channel }), { read: [READ] })).toEqual({ counted: [], also: [] })
  })

  it('goes where the earlier one went while the inbox cannot be looked up', async () => {
    const sealed = job({ channel, outbox: [{ ...sampleDelivery('offer'), counted: [INBOX] }] })
    expect(await destinationsOf(sealed)).toEqual({ counted: [INBOX], also: [] })
  })
})

/** What the customer sees of an answer that is still coming: numbered pieces, at most one a second, and nothing that depends on them. */
import { describe, expect, it } from 'vitest'
import { tagValue } from '../../../src/core/event.js'
import type { Fetching } from '../../../src/core/job.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseJobFeedback } from '../../../src/nostr/kinds/job-feedback.js'
import { fetching } from '../../../src/steps/fetching.js'
import { settled } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer } from '../../support/scripted-upstream.js'
import { signJob } from '../../support/sign-jobs.js'
import { createStepWorld } from '../../support/step-world.js'

/** A call under way, into whose answer the test puts pieces. */
function begin(changes: Parameters<typeof createStepWorld>[0] = {}, tries = 1) {
  const world = createStepWorld({ route: { stream: true }, ...changes })
  let tell = (_: Uint8Array): void => undefined
  let end = (): void => undefined
  world.api.script(({ onBytes }) => {
    if (onBytes) tell = onBytes
    return new Promise((resolve) => (end = () => resolve(answer(200, 'whole'))))
  })
  const sample = jobIn('fetching')
  const job: Fetching = { ...sample, request: JSON.stringify(signJob()), calls: { ...sample.calls, tries } }
  const fact = fetching(world.context, job)
  const relays = (job.heardOn === '' ? 1 : 2) as number
  return {
    ...world,
    say: (text: string | Uint8Array) => tell(Buffer.from(text)),
    async end() {
      end()
      return fact
    },
    /** Every piece that was published, as its customer reads it. */
    pieces: () => {
      const partials = world.pool.published.filter(({ event }) => tagValue(event, 'seq') !== undefined)
      const once = partials.filter((_, index) => index % relays === 0)
      return once.map(({ event }) => {
        const feedback = parseJobFeedback(event)
        if (isMalformed(feedback)) throw new Error(feedback.malformed)
        return feedback
      })
    },
  }
}

const texts = (world: ReturnType<typeof begin>) => world.pieces().map(({ content }) => content)

describe('an answer that is passed on while it arrives', () => {
  it('goes out in numbered pieces that expire, the first at once', async () => {
    const world = begin()
    await settled()
    world.say('Once upon ')
    await world.clock.advance(0)
    world.say('a time')
    await world.clock.advance(1_000)
    expect(world.pieces()).toMatchObject([
      { status: 'partial', seq: 1, attempt: 1, content: 'Once upon ', encrypted: false },
      { status: 'partial', seq: 2, attempt: 1, content: 'a time' },
    ])
    const [first] = world.pool.published
    expect(Number(tagValue(first!.event, 'expiration'))).toBe(first!.event.created_at + 3_600)
    expect(await world.end()).toMatchObject({ type: 'answered', output: { content: 'whole' } })
  })

  it('goes out once a second, however often bytes come', async () => {
    const world = begin()
    await settled()
    for (let tenth = 0; tenth < 50; tenth += 1) {
      world.say(`${tenth} `)
      await world.clock.advance(100)
    }
    expect(texts(world)).toHaveLength(6)
    const numbers = Array.from({ length: 50 }, (_, tenth) => `${tenth} `).join('')
    expect(numbers.startsWith(texts(world).join(''))).toBe(true)
  })

  it('is cut between characters, never within one', async () => {
    const world = begin()
    await settled()
    const emoji = Buffer.from('🌉'.repeat(3_000))
    world.say(emoji.subarray(0, 5))
    world.say(emoji.subarray(5))
    await world.clock.advance(5_000)
    expect(texts(world).join('')).toBe('🌉'.repeat(3_000))
    expect(texts(world).every((text) => Buffer.from(text).toString() === text && text.length <= 4_096)).toBe(true)
  })

  it('ends with the call: what was not said comes with the result, and no timer is left', async () => {
    const world = begin()
    await settled()
    world.say('a')
    await world.clock.advance(0)
    world.say('b')
    await world.end()
    await world.clock.advance(10_000)
    world.say('c')
    expect([texts(world), world.clock.timers()]).toEqual([['a'], 0])
  })

  it.each([
    ['that is no text', () => Buffer.from([0xff, 0xfe, 0x00])],
    ['that comes faster than it can be said', () => 'x'.repeat(70_000)],
  ])('of a body %s ends without harm', async (_, body) => {
    const world = begin()
    await settled()
    world.say('good ')
    await world.clock.advance(0)
    world.say(body())
    await world.clock.advance(5_000)
    expect(texts(world)).toEqual(['good '])
    expect(await world.end()).toMatchObject({ type: 'answered' })
  })

  it('names the call it is of, so that a repeated call begins anew', async () => {
    const world = begin({}, 3)
    await settled()
    world.say('again')
    await world.clock.advance(0)
    expect(world.pieces()).toMatchObject([{ seq: 1, attempt: 3 }])
    await world.end()
  })

  it('is sealed like every answer, saved nowhere, and sent once', async () => {
    const world = begin()
    await settled()
    world.pool.script('wss://own.test/', { type: 'later', reason: 'no connection' })
    world.say('a')
    await world.clock.advance(60_000)
    expect(texts(world)).toEqual(['a'])
    expect(world.sent.filter(({ delivery }) => delivery.event?.includes('"partial"'))).toEqual([])
    await world.end()
  })

  it('is given up where it cannot be sealed, and the call goes on', async () => {
    const world = begin({ context: { seal: () => Promise.reject(new Error('the signer is away')) } })
    await settled()
    world.say('a')
    await world.clock.advance(0)
    world.say('b')
    await world.clock.advance(5_000)
    expect([texts(world), world.clock.timers()]).toEqual([[], 0])
    expect(await world.end()).toMatchObject({ type: 'answered' })
  })

  it('is not passed on where the route does not say so', async () => {
    const world = begin({ route: {} })
    await settled()
    world.say('a')
    await world.clock.advance(5_000)
    expect(texts(world)).toEqual([])
    await world.end()
  })
})

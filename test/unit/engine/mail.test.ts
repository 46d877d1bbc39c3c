/** Does junk cost little, and hide nothing? Wraps at the pace of a fake clock. */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TollbridgeError } from '../../../src/core/errors.js'
import type { NostrEvent, Rumor } from '../../../src/core/event.js'
import { openMail } from '../../../src/engine/mail.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { BACK_DATED_S, wrapRumor } from '../../../src/nostr/gift-wrap.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import type { Signer, SubscriptionRequest } from '../../../src/ports.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createScriptedPool } from '../../support/scripted-pool.js'
import { createLogRecorder } from '../../support/store-parts.js'

const us = createKeySigner(randomBytes(32))
const friend = createKeySigner(randomBytes(32))
const [GOOD, BAD] = ['wss://good.test/', 'wss://bad.test/']

const wrapOf = async (content: string): Promise<NostrEvent> => {
  const template = { kind: 14, created_at: 1_800_000_000, tags: [], content }
  return (await wrapRumor(friend, us.pubkey, template, 1_800_000_000)).wrap
}

/** Properly signed, by a key that nobody has seen, and nothing inside. */
const junk = (): NostrEvent => {
  const key = randomBytes(32)
  const template = { kind: 1059, created_at: 1_800_000_000, tags: [['p', us.pubkey]], content: 'A'.repeat(200) }
  return signEvent(template, key, pubkeyOf(key), randomBytes(32))
}

function open(signer: Signer = us) {
  const clock = createFakeClock()
  const heard: Rumor[] = []
  const pool = createScriptedPool()
  let request: SubscriptionRequest | undefined
  const relays = {
    ...pool,
    subscribe: (given: SubscriptionRequest) => {
      request = given
      return { close: () => undefined }
    },
  }
  const deliver = (rumor: Rumor) => void heard.push(rumor)
  const mail = openMail({ signer, relays, from: [GOOD, BAD], deliver, clock, log: createLogRecorder() })
  if (!request) throw new Error('not subscribed')
  return { mail, clock, heard, request }
}

describe('the mail', () => {
  it('asks for two days and more, whatever the cursor says', () => {
    const { request, clock, mail } = open()
    const now = clock.now() / 1000
    expect(request.filters(now)[0]?.since).toBeLessThan(now - BACK_DATED_S)
    expect(request.filters(now - 86_400)[0]?.since).toBeLessThan(now - 86_400 - BACK_DATED_S)
    mail.stop()
  })

  it('opens a wrap that comes behind 5,000 of junk at once, and the one below them in the end', async () => {
    const { request, clock, heard, mail } = open()
    const [first, last] = [await wrapOf('first'), await wrapOf('last')]
    request.onEvent(first, BAD)
    // The same junk, verified and refused for its id: what counts here is how many wait, not what each costs.
    const piece = junk()
    for (let n = 0; n < 4_990; n += 1) request.onEvent({ ...piece, id: randomBytes(32).toString('hex') as never }, BAD)
    request.onEvent(last, BAD)
    await clock.advance(100)
    expect(heard.map(({ content }) => content).sort()).toEqual(['first', 'last'])
    mail.stop()
  })

  it('opens no more than eight in 25 ms, from all relays together', async () => {
    const { request, clock, mail } = open()
    for (let n = 0; n < 40; n += 1) request.onEvent(junk(), n % 2 ? GOOD : BAD)
    await clock.advance(0)
    expect(mail.counts.junk).toBeLessThanOrEqual(9)
    await clock.advance(24)
    expect(mail.counts.junk).toBeLessThanOrEqual(9)
    await clock.advance(1_000)
    expect(mail.counts.junk).toBe(40)
    mail.stop()
  })

  it('is not kept from a wrap by a forged one that borrowed its id, and opens none twice', async () => {
    const { request, clock, heard, mail } = open()
    const real = await wrapOf('real')
    request.onEvent({ ...real, content: junk().content }, BAD)
    await clock.advance(100)
    expect(request.known(real.id)).toBe(false)
    for (const relay of [GOOD, BAD, GOOD]) request.onEvent(real, relay)
    await clock.advance(100)
    expect(heard.map(({ content }) => content)).toEqual(['real'])
    expect(request.known(real.id)).toBe(true)
    expect(mail.counts.forged).toBe(1)
    mail.stop()
  })

  it('opens later what it could not, because the key was away', async () => {
    let away = true
    const decrypt: Signer['decrypt'] = (...args) =>
      away ? Promise.reject(new TollbridgeError('signer-unavailable', 'away')) : us.decrypt(...args)
    const { request, clock, heard, mail } = open({ ...us, decrypt })
    request.onEvent(await wrapOf('patient'), GOOD)
    await clock.advance(6_000)
    expect(heard).toEqual([])
    away = false
    await clock.advance(6_000)
    expect(heard.map(({ content }) => content)).toEqual(['patient'])
    mail.stop()
    expect(clock.timers()).toBe(0)
  })
})

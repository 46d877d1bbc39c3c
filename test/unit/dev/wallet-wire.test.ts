/** Does the wire of the simulated wallets fail and lie as it is told to, and is it closed when it has stopped? */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startWire, type Wire } from '../../../src/dev/wallets/wire.js'

describe('the wire of a simulated wallet', () => {
  let wire: Wire
  let done = 0
  beforeEach(async () => {
    done = 0
    const body = { payment_hash: 'aa'.repeat(32), deep: { payment_preimage: 'bb'.repeat(32) } }
    wire = await startWire({
      answer: async () => {
        done += 1
        return { status: 200, body }
      },
    })
  })
  afterEach(() => wire.stop())
  const get = async (path = '/one') => (await fetch(`${wire.url}${path}`)).json() as Promise<Record<string, unknown>>

  it('fails the next request of a path, and no other', async () => {
    wire.failNext('/two', { status: 503, body: 'busy' })
    expect(await get()).toMatchObject({ payment_hash: 'aa'.repeat(32) })
    expect((await fetch(`${wire.url}/two`)).status).toBe(503)
    expect((await fetch(`${wire.url}/two`)).status).toBe(200)
    expect(wire.requests).toEqual(['GET /one 200', 'GET /two 503', 'GET /two 200'])
  })

  it.each([
    ['hangUp', 0],
    ['doneThenHangUp', 1],
  ] as const)('%s: the connection ends, and what was asked is done %s times', async (fault, times) => {
    wire.failNext('/one', fault)
    await expect(get()).rejects.toThrow()
    expect(done).toBe(times)
  })

  it('lies about hashes or preimages at any depth, until it is called off', async () => {
    wire.lie('wrongPreimage')
    expect(await get()).toMatchObject({ payment_hash: 'aa'.repeat(32), deep: { payment_preimage: 'ee'.repeat(32) } })
    wire.lie('emptyPreimage')
    expect(await get()).toMatchObject({ deep: { payment_preimage: '' } })
    wire.lie('otherHash')
    expect((await get())['payment_hash']).not.toBe('aa'.repeat(32))
    wire.lie(null)
    expect(await get()).toMatchObject({ payment_hash: 'aa'.repeat(32) })
  })

  it('answers late once it is told to, and has done what was asked before', async () => {
    wire.lie('late')
    const answer = get()
    await expect.poll(() => done).toBe(1)
    wire.lie(null)
    expect(await answer).toMatchObject({ payment_hash: 'aa'.repeat(32) })
  })

  it('takes no connection while it is cut off', async () => {
    wire.cutOff(true)
    await expect(get()).rejects.toThrow()
    wire.cutOff(false)
    expect(await get()).toMatchObject({ payment_hash: 'aa'.repeat(32) })
  })

  it('lets nobody listen who was not let in, and may be stopped while a request is unanswered', async () => {
    wire.failNext('/one', 'silence')
    const silent = get().catch(() => 'ended')
    await expect.poll(() => wire.waiting).toBe(1)
    await wire.stop()
    expect(await silent).toBe('ended')
    wire = await startWire({ answer: async () => ({ status: 200, body: {} }) })
  })
})

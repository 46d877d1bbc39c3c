/** Can a relay hurt anything but its own connection? */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RelayPool } from '../../../src/ports.js'
import { createListener, createPoolFixture, shapeEvent, systemClock } from '../../support/pool-fixture.js'
import { startScriptedRelay, type ScriptedRelay } from '../../support/scripted-relay.js'

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 5_000, interval: 5 })

let hostile: ScriptedRelay
let honest: ScriptedRelay
let pool: RelayPool
let fixture: ReturnType<typeof createPoolFixture>
const rejections: unknown[] = []
const noteRejection = (reason: unknown) => rejections.push(reason)

beforeEach(async () => {
  process.on('unhandledRejection', noteRejection)
  hostile = await startScriptedRelay()
  honest = await startScriptedRelay()
  fixture = createPoolFixture(systemClock)
  pool = fixture.pool
})
afterEach(async () => {
  await pool.stop()
  await Promise.all([hostile.stop(), honest.stop()])
  process.off('unhandledRejection', noteRejection)
  expect(rejections.splice(0)).toEqual([])
})

async function listen(overrides: Parameters<typeof createListener>[1] = {}) {
  const listener = createListener([hostile.url, honest.url], overrides)
  pool.subscribe(listener.request)
  await until(() => listener.caughtUp.length === 2)
  const [, id] = await hostile.waitForFrame('REQ')
  return { ...listener, id }
}

it('drops events of wrong shape, counts them, and goes on hearing', async () => {
  const { heard, id } = await listen()
  const wrong = [
    { id: 'F'.repeat(64) },
    { kind: '5800' },
    { tags: [[1]] },
    { content: null },
    { created_at: 1e300 },
    { sig: 'short' },
  ]
  for (const fields of wrong) hostile.send(['EVENT', id, { ...shapeEvent(), ...fields }])
  hostile.send(['EVENT', id, null])
  hostile.send(['EVENT', id])
  hostile.send(['EVENT', id, shapeEvent({ kind: 1 })])
  for (let more = 0; more < 100; more++) hostile.send(['EVENT', id, 'nothing'])
  const good = shapeEvent()
  hostile.send(['EVENT', id, good])
  await until(() => heard.length)
  expect(heard.map(({ event }) => event)).toEqual([good])
  const counts = fixture.log.lines
    .filter(({ event }) => event === 'malformed frame dropped')
    .map(({ fields }) => fields.count)
  expect(counts).toEqual([1, 10, 100])
})

it('survives garbage and the frames of other requests', async () => {
  const { heard, id, caughtUp } = await listen()
  const garbage = [
    '',
    ' ',
    '\0',
    '[',
    '[]',
    '{}',
    'null',
    '"EVENT"',
    '["EVENT"',
    '["EVENT",',
    '["EVENT","',
    '[["EVENT"]]',
    '["EVENT",1,2]',
  ]
  for (const frame of [...garbage, '['.repeat(100_000), '["NOTICE",{}]', '["OK"]', '["CLOSED",[]]', '["AUTH",1]'])
    hostile.send(frame)
  for (const other of ['t0', 't99', `${String(id)}x`, '__proto__', 'constructor', '']) {
    hostile.send(['EVENT', other, shapeEvent()])
    hostile.send(['EOSE', other])
    hostile.send(['CLOSED', other, 'error: gone'])
  }
  hostile.send(['EOSE', id])
  hostile.send(['EOSE', id])
  hostile.send(['AUTH', 'challenge'])
  hostile.send(['NOTICE', 'x'.repeat(10_000)])
  hostile.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
  expect([heard.length, caughtUp.length, hostile.connected]).toEqual([1, 2, 1])
})

it('survives bytes that are no text', async () => {
  const { heard, id } = await listen()
  hostile.sendBytes(randomBytes(1_000))
  hostile.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
})

it('drops a frame of a megabyte unread, and keeps the connection', async () => {
  const { heard, id } = await listen()
  const parse = vi.spyOn(JSON, 'parse')
  hostile.send(['EVENT', id, shapeEvent({ content: 'x'.repeat(1_000_000) })])
  hostile.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
  expect(parse.mock.calls.filter(([text]) => text.length > 1_000_000)).toEqual([])
  parse.mockRestore()
  expect(hostile.connected).toBe(1)
  expect(heard).toHaveLength(1)
})

it('ends the connection over a frame of ten megabytes, and no other', async () => {
  const { heard, caughtUp } = await listen()
  hostile.send(JSON.stringify(['NOTICE', 'x'.repeat(10_000_000)]))
  await until(() => hostile.open === 0)
  expect(fixture.log.lines).toContainEqual(
    expect.objectContaining({
      event: 'relay lost',
      fields: { relay: hostile.url, reason: 'Max payload size exceeded' },
    }),
  )
  const [, id] = await honest.waitForFrame('REQ')
  honest.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
  await until(() => caughtUp.length === 3)
  expect([hostile.connected, honest.connected]).toEqual([2, 1])
})

it('is not slowed by many events for requests that are not ours', async () => {
  const { heard, id } = await listen()
  const frame = JSON.stringify(['EVENT', 'other', shapeEvent({ content: 'x'.repeat(500) })])
  const parse = vi.spyOn(JSON, 'parse')
  const before = process.cpuUsage()
  for (let count = 0; count < 20_000; count++) hostile.send(frame)
  hostile.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
  const { user, system } = process.cpuUsage(before)
  expect(parse.mock.calls.filter(([text]) => text === frame)).toEqual([])
  parse.mockRestore()
  expect((user + system) / 20_000).toBeLessThan(200) // µs; the relay that sends them runs in this process too
})

it('does not parse what is known', async () => {
  const { heard, id, ids } = await listen()
  const known = shapeEvent()
  ids.add(known.id)
  const parse = vi.spyOn(JSON, 'parse')
  for (let count = 0; count < 100; count++) hostile.send(['EVENT', id, known])
  hostile.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
  const parsed = parse.mock.calls.filter(([text]) => text.startsWith('["EVENT"'))
  parse.mockRestore()
  expect([parsed.length, heard.length]).toEqual([1, 1])
})

it('goes on when a listener throws', async () => {
  let calls = 0
  const { id } = await listen({
    onEvent: () => {
      calls += 1
      throw new Error('a bug')
    },
  })
  hostile.send(['EVENT', id, shapeEvent()])
  hostile.send(['EVENT', id, shapeEvent()])
  await until(() => calls === 2)
  expect(fixture.log.lines.filter(({ level }) => level === 'error')).toHaveLength(2)
  expect(hostile.connected).toBe(1)
})

it('lets a subscription be closed from within its listener', async () => {
  const heard: string[] = []
  const { request, caughtUp } = createListener([hostile.url], {
    onEvent: ({ id }) => {
      heard.push(id)
      subscription.close()
    },
  })
  const subscription = pool.subscribe(request)
  await until(() => caughtUp.length)
  const [, id] = await hostile.waitForFrame('REQ')
  hostile.send(['EVENT', id, shapeEvent()])
  hostile.send(['EVENT', id, shapeEvent()])
  await hostile.waitForFrame('CLOSE')
  expect(heard).toHaveLength(1)
})

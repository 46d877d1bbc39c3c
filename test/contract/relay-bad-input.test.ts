/** Does anything that a client can send bring the embedded relay down, or make it lose what it has? */
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRandom } from '../support/random.js'
import { createTestKey, openRelayClient } from '../support/relay-client.js'
import { RELAY_NOW, startRelayFixture, type RelayFixture } from '../support/relay-fixture.js'

const ada = createTestKey(RELAY_NOW - 1000)
const deep = '['.repeat(50_000) + ']'.repeat(50_000)
let fixture: RelayFixture

beforeEach(async () => {
  fixture = await startRelayFixture()
})
afterEach(async () => {
  const client = await openRelayClient(fixture.relay.url)
  expect((await client.publish(ada.sign(1))).ok).toBe(true)
  client.close()
  await fixture.stop()
})

describe('bad input', () => {
  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['an object', '{}'],
    ['an empty array', '[]'],
    ['an unknown verb', '["HELLO", "x"]'],
    ['a verb that is no string', '[{}, "x"]'],
    ['deep JSON', deep],
    ['JSON cut short', '["EVENT",{"id":"'],
    ['EVENT without an event', '["EVENT"]'],
    ['EVENT null', '["EVENT",null]'],
    ['a deep event', `["EVENT",${deep}]`],
    ['an event with a deep id', `["EVENT",{"id":${deep}}]`],
    [
      'an event with deep tags',
      `["EVENT",${JSON.stringify({ ...ada.sign(1), tags: 0 }).replace('"tags":0', `"tags":${deep}`)}]`,
    ],
    ['an event with numbers for tags', `["EVENT",${JSON.stringify({ ...ada.sign(1), tags: [[1, 2]] })}]`],
    ['an event of a fractional kind', `["EVENT",${JSON.stringify({ ...ada.sign(1), kind: 1.5 })}]`],
    ['an event with a pubkey off the curve', `["EVENT",${JSON.stringify({ ...ada.sign(1), pubkey: 'f'.repeat(64) })}]`],
    ['REQ without an id', '["REQ"]'],
    ['REQ with a deep id', `["REQ",${deep},{}]`],
    ['REQ with an empty id', '["REQ","",{}]'],
    ['REQ without a filter', '["REQ","x"]'],
    ['REQ with a deep filter', `["REQ","x",${deep}]`],
    ['REQ with deep kinds', `["REQ","x",{"kinds":${deep}}]`],
    ['REQ with a deep tag value', `["REQ","x",{"#t":[${deep}]}]`],
    ['REQ with a prototype', '["REQ","x",{"__proto__":{"kinds":[1]}}]'],
    ['REQ with too many filters', `["REQ","x"${',{}'.repeat(101)}]`],
    ['REQ with since as text', '["REQ","x",{"since":"yesterday"}]'],
    ['COUNT without a filter', '["COUNT","x"]'],
    ['CLOSE of an object', '["CLOSE",{}]'],
    ['AUTH with a number', '["AUTH",1]'],
    ['AUTH without a challenge', `["AUTH",${JSON.stringify(ada.sign(22_242))}]`],
  ])('is answered and the connection goes on: %s', async (_what, frame) => {
    fixture.publisher.socket.send(frame)
    await fixture.publisher.waitFor(() => true)
    const [type, , ok] = fixture.publisher.messages[0] ?? []
    expect(type === 'OK' ? ok : type).toBeOneOf([false, 'NOTICE', 'CLOSED'])
    await fixture.publishAll(ada.sign(1))
  })

  it('is a frame of a megabyte: that connection ends, the others do not', async () => {
    fixture.reader.socket.send(`["EVENT",{"content":"${'x'.repeat(1_000_000)}"}]`)
    expect(await fixture.reader.closed).toBe(1009)
    await fixture.publishAll(ada.sign(1))
  })

  it('is a binary frame: that connection ends', async () => {
    fixture.reader.socket.send(Buffer.from('["REQ","x",{}]'))
    expect(await fixture.reader.closed).toBe(1003)
  })

  it('is an event of more than 65,536 bytes; one of exactly that many is taken', async () => {
    const overhead = JSON.stringify(ada.sign(1, { content: '' })).length
    await fixture.publishAll(ada.sign(1, { content: 'x'.repeat(65_536 - overhead) }))
    const tooLarge = ada.sign(1, { content: 'x'.repeat(65_537 - overhead) })
    expect(await fixture.publisher.publish(tooLarge)).toEqual({ ok: false, reason: 'invalid: event too large' })
  })

  it('is text with every kind of escape: it comes back as it went', async () => {
    const event = ada.sign(1, { content: '\u0000\u001f"\\\n\u2028 ünï \u{1f329} \ud800', tags: [['t', '"]']] })
    await fixture.publishAll(event)
    expect((await fixture.stored({ '#t': ['"]'] }))[0]).toEqual(event)
  })

  it.each([
    ['no HTTP at all', '\u0000\u0001\u0002\r\n\r\n'],
    ['no WebSocket key', 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
  ])('is %s: the socket ends', async (_what, bytes) => {
    const socket = connect(Number(new URL(fixture.relay.url).port), '127.0.0.1')
    socket.on('connect', () => socket.write(bytes)).resume()
    await new Promise((resolve) => socket.once('close', resolve))
  })

  it('is a client that leaves in the middle of its handshake and of its request', async () => {
    const late = openRelayClient(fixture.relay.url)
    fixture.reader.send('REQ', 'x', {})
    fixture.reader.close()
    ;(await late).close()
    await fixture.publishAll(ada.sign(1))
  })

  it('is a thousand mutilated frames (fixed seed): each is answered', async () => {
    const random = createRandom(20_260_101)
    const frames = [
      JSON.stringify(['EVENT', ada.sign(5800, { tags: [['p', ada.pubkey]] })]),
      JSON.stringify(['REQ', 'x', { kinds: [1], '#p': [ada.pubkey], since: 1, limit: 2 }]),
      JSON.stringify(['AUTH', ada.sign(22_242)]),
    ]
    for (let round = 0; round < 1000; round++) {
      const frame = [...(frames[round % frames.length] ?? '')]
      for (let cuts = 0; cuts < 3; cuts++)
        frame.splice(random(frame.length), random(4), String.fromCharCode(32 + random(95)).repeat(random(3)))
      fixture.publisher.socket.send(frame.join(''))
    }
    await fixture.publisher.fence()
    expect(fixture.publisher.messages.length).toBeGreaterThan(1000)
  })
})

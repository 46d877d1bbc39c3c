/** The body of an answer is told while it arrives, of answers that count, under the same caps. */
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { request, serve, text } from '../../support/upstream-fixture.js'

const collect = () => {
  const told: string[] = []
  return { told, onBytes: (piece: Uint8Array) => void told.push(Buffer.from(piece).toString()) }
}

describe('the pieces of an answer', () => {
  it('are told before the rest has come', async () => {
    let release = (): void => undefined
    const { client } = await serve((response) => {
      response.write('first ')
      release = () => response.end('second')
    })
    const told: string[] = []
    const onBytes = (piece: Uint8Array) => {
      told.push(Buffer.from(piece).toString())
      release()
    }
    expect(text(await client.send(request({ onBytes })))).toBe('first second')
    expect(told).toEqual(['first ', 'second'])
  })

  it.each([402, 404, 500])('are not told of an answer %i', async (status) => {
    const { client } = await serve((response) => response.writeHead(status).end('no'))
    const { told, onBytes } = collect()
    await client.send(request({ onBytes }))
    expect(told).toEqual([])
  })

  it('are not told of a packed body, which is unpacked as a whole', async () => {
    const { client } = await serve((response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello')),
    )
    const { told, onBytes } = collect()
    expect(text(await client.send(request({ onBytes })))).toBe('hello')
    expect(told).toEqual([])
  })

  it('end at the cap, and an endless stream at its time', async () => {
    const { client } = await serve((response) => void response.write('x'.repeat(1_001)))
    const { told, onBytes } = collect()
    expect(await client.send(request({ onBytes }))).toMatchObject({ type: 'tooLarge' })
    expect(told.join('').length).toBeLessThanOrEqual(1_000)

    const timed = await serve(
      (response) => {
        const timer = setInterval(() => response.write('.'), 20)
        response.on('close', () => clearInterval(timer))
      },
      { totalTimeoutMs: 200 },
    )
    expect(await timed.client.send(request({ onBytes }))).toMatchObject({ type: 'unknown' })
  })

  it('do not repeat the credential that was sent', async () => {
    const authorization = `L402 token-that-is-long-enough:${'ab'.repeat(32)}`
    const { client } = await serve((response) => {
      response.write(`got ${authorization.slice(0, 30)}`)
      setImmediate(() => response.end(`${authorization.slice(30)} thanks`))
    })
    const { told, onBytes } = collect()
    const body = text(await client.send(request({ authorization, onBytes })))
    expect(told.join('')).toBe(body)
    expect(body).not.toContain('token-that-is-long-enough')
  })
})

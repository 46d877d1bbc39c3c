/** A customer follows what a result leads to, believes only what the digests prove, and sees an answer while it comes. */
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { authorizationOf, buildBlobAuthorization } from '../../src/blossom/authorization.js'
import { encryptBlob } from '../../src/blossom/encryption.js'
import type { BlobPointer } from '../../src/core/blob.js'
import { startBlossom, type BlossomFault, type BlossomServer } from '../../src/dev/blossom.js'
import { pointerTags } from '../../src/nostr/kinds/blob.js'
import { startBridge } from '../support/bridge.js'
import { createCustomerWorld, type CustomerWorld } from '../support/customer-world.js'

let world: CustomerWorld
let server: BlossomServer
const closers: (() => Promise<void>)[] = []
beforeEach(async () => {
  world = await createCustomerWorld()
  server = await startBlossom()
  closers.push(
    () => world.stop(),
    () => server.stop(),
  )
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const CONTENT = randomBytes(200_000)

/** Uploaded as a provider does it, with whatever changes to the pointer. */
async function pointerTo(content: Uint8Array, changes: Partial<BlobPointer> = {}): Promise<string[][]> {
  const { blob, pointer } = encryptBlob(content, randomBytes)
  const now = Math.floor(Date.now() / 1000)
  const template = buildBlobAuthorization({ verb: 'upload', x: pointer.x, servers: [server.url], now })
  const authorization = authorizationOf(await world.provider.signer.sign(template))
  await fetch(`${server.url}/upload`, { method: 'PUT', body: blob, headers: { authorization } })
  return pointerTags({ ...pointer, urls: [`${server.url}/${pointer.x}`], contentType: 'image/png', ...changes })
}

async function deliver(tags: readonly (readonly string[])[], options: object = { allowPrivate: true }) {
  const run = world.run(options)
  const job = await world.provider.nextJob()
  await world.provider.deliver(job, '', [['http-status', '200'], ['content-type', 'image/png'], ...tags])
  return { run, code: await run.exit, ended: run.told('ended')[0] }
}

describe('a result that leads to a blob', () => {
  it('is as if it had stood in the event, byte for byte', async () => {
    const outputFile = join(world.directory, 'picture.png')
    const tags = [['encoding', 'base64'], ...(await pointerTo(CONTENT))]
    const { run, code } = await deliver(tags, { allowPrivate: true, output: outputFile })
    expect(code).toBe(0)
    expect(run.told('downloading')).toMatchObject([{ servers: 1, bytes: CONTENT.length + 16 }])
    expect(run.told('result')).toMatchObject([{ bytes: CONTENT.length, contentType: 'image/png', encoding: 'base64' }])
    expect((await readFile(outputFile)).equals(CONTENT)).toBe(true)
  })

  it('is taken from the next server where the first lies', async () => {
    const [good, ...rest] = (await pointerTo(Buffer.from('a text'))) as [string[], ...string[][]]
    const liar = await startBlossom({ fault: 'otherBytes' })
    closers.push(() => liar.stop())
    const { code, ended } = await deliver([['url', `${liar.url}/${'0'.repeat(64)}`], good, ...rest])
    expect([code, ended?.['content']]).toEqual([0, 'a text'])
  })

  it.each([
    ['no server gives it', {}, 'unavailable', /answers 503/],
    ['the bytes are others', {}, 'otherBytes', /gives other bytes/],
    ['the content is not what was promised', { ox: 'ab'.repeat(32) }, null, /not what was promised/],
    ['the key is another', { key: 'ab'.repeat(32) }, null, /does not open/],
    ['it promises more than can be held', { size: 999_999_999 }, null, /too many/],
    ['the server is not there', { urls: ['http://127.0.0.1:9/x'] }, null, /does not answer/],
  ] satisfies [string, Partial<BlobPointer>, BlossomFault | null, RegExp][])(
    'ends clearly where %s, and can be taken up again',
    async (_, changes: Partial<BlobPointer>, fault, words) => {
      const tags = await pointerTo(CONTENT, changes)
      server.fail(fault)
      const { run, code, ended } = await deliver(tags)
      expect(code).toBe(14)
      expect(ended).toMatchObject({ outcome: 'unfetched', urls: changes.urls ?? [expect.stringContaining(server.url)] })
      expect(String(ended?.['message'])).toMatch(words)
      expect(run.said.join(' ')).toContain(`--job ${String(ended?.['jobId'])}`)
      if (fault === null) return
      server.fail(null)
      const again = world.run({ job: String(ended?.['jobId']), allowPrivate: true })
      expect(await again.exit).toBe(0)
    },
  )

  it('on a private address is not fetched unless the customer says so', async () => {
    const { code, ended } = await deliver(await pointerTo(CONTENT), {})
    expect([code, String(ended?.['message'])]).toEqual([14, expect.stringContaining('not public')])
  })

  it.each([
    ['no address', (tags: string[][]) => tags.map(([name, value]) => [name!, name === 'url' ? 'ftp://x' : value!])],
    ['another encryption', (tags: string[][]) => [...tags.slice(0, -1), ['encryption-algorithm', 'rot13']]],
    ['no digest', (tags: string[][]) => tags.map(([name, value]) => [name!, name === 'ox' ? 'no' : value!])],
  ])('with %s is ignored, and the next is awaited', async (_, change) => {
    const run = world.run({ allowPrivate: true })
    const job = await world.provider.nextJob()
    const tags = await pointerTo(Buffer.from('good'))
    await world.provider.deliver(job, '', change(tags))
    await run.until('ignored')
    await world.provider.deliver(job, '', tags)
    expect([await run.exit, run.told('ignored')[0]?.['code']]).toEqual([0, 'unreadable-result'])
  })
})

describe('the bridge and its customer', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  it('bring 2 MB across that were paid for, and the pieces of what streams before the whole', async () => {
    const bridge = await startBridge({
      config: { blobs: { servers: [server.url] } },
      route: { stream: true },
      upstream: { timeouts: { totalMs: 30_000 } },
    })
    closers.push(() => bridge.stop())
    const provider = bridge.daemon.pubkey
    const common = { provider, relay: [bridge.relay.url], allowPrivate: true }

    const large = world.run({ ...common, path: '/bytes/2000000' })
    const { bolt11 } = (await large.until('offered')) as unknown as { bolt11: string }
    await bridge.pay(bolt11)
    expect(await large.exit).toBe(0)
    const [{ content }] = large.told('ended') as unknown as [{ content: string }]
    expect(sha256(Buffer.from(content))).toBe(sha256(Buffer.from('x'.repeat(2_000_000))))

    const streamed = world.run({ ...common, path: '/free/stream?pieces=4&ms=600' })
    expect(await streamed.exit).toBe(0)
    const partials = streamed.told('partial') as unknown as { seq: number; attempt: number; text: string }[]
    expect(partials.map(({ seq, attempt }) => [seq, attempt])).toEqual(partials.map((_, index) => [index + 1, 1]))
    expect(partials.length).toBeGreaterThanOrEqual(2)
    const [{ content: whole }] = streamed.told('ended') as unknown as [{ content: string }]
    expect(whole.startsWith(partials.map(({ text }) => text).join(''))).toBe(true)
    expect(whole).toContain('piece 4 of 4')
  })
})

/** What is too large for an event is kept by servers that see ciphertext only, and only those that gave it back are named. */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { authorizationOf, buildBlobAuthorization } from '../../../src/blossom/authorization.js'
import { createBlobStore } from '../../../src/blossom/blob-store.js'
import { decryptBlob, encryptBlob, isBlobOf } from '../../../src/blossom/encryption.js'
import { startBlossom, type BlossomOptions, type BlossomServer } from '../../../src/dev/blossom.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { createWebClient } from '../../../src/web/client.js'
import { createReadableLog, systemClock } from '../../support/pool-fixture.js'

const signer = createKeySigner(Buffer.alloc(32, 7))
const CONTENT = randomBytes(300_000)
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function startServers(...servers: readonly BlossomOptions[]): Promise<BlossomServer[]> {
  const started = await Promise.all(servers.map((options) => startBlossom(options)))
  closers.push(...started.map((server) => () => server.stop()))
  return started
}

function storeAt(servers: readonly string[], { copies = 2, timeoutMs = 5_000, maxBytes = 1_048_576 } = {}) {
  const web = createWebClient({ allowedOrigins: new Set(servers) })
  closers.push(() => web.stop())
  const log = createReadableLog()
  return createBlobStore({
    ...{ web, signer, clock: systemClock, log, servers, copies, timeoutMs, maxBytes },
    random: (bytes) => randomBytes(bytes),
  })
}

const urlsOf = (servers: readonly BlossomServer[], x: string) => servers.map(({ url }) => `${url}/${x}`)

describe('a blob', () => {
  it('opens to what went in, byte for byte, and hashes as its pointer says', () => {
    const { blob, pointer } = encryptBlob(CONTENT, randomBytes)
    expect([pointer.size, pointer.x, pointer.ox]).toEqual([CONTENT.length + 16, sha256(blob), sha256(CONTENT)])
    expect(isBlobOf(blob, pointer)).toBe(true)
    expect(decryptBlob(blob, { ...pointer, urls: [], contentType: null })).toEqual(CONTENT)
  })

  it('has a key of its own each time', () => {
    const [one, other] = [encryptBlob(CONTENT, randomBytes).pointer, encryptBlob(CONTENT, randomBytes).pointer]
    expect(new Set([one.key, other.key, one.nonce, other.nonce, one.x, other.x]).size).toBe(6)
    expect(one.ox).toBe(other.ox)
  })

  it('of no bytes is a blob, too', () => {
    const { blob, pointer } = encryptBlob(new Uint8Array(), randomBytes)
    expect(decryptBlob(blob, { ...pointer, urls: [], contentType: null })).toHaveLength(0)
  })

  it.each([
    ['a changed bit', (blob: Uint8Array) => blob.with(5, blob[5]! ^ 1), {}],
    ['another key', (blob: Uint8Array) => blob, { key: 'ab'.repeat(32) }],
    ['another nonce', (blob: Uint8Array) => blob, { nonce: 'ab'.repeat(12) }],
    ['another promise', (blob: Uint8Array) => blob, { ox: 'ab'.repeat(32) }],
    ['hardly any bytes', () => new Uint8Array(15), {}],
    ['a key that is none', (blob: Uint8Array) => blob, { key: 'no' }],
  ])('with %s is not opened', (_, change, pointer) => {
    const encrypted = encryptBlob(CONTENT, randomBytes)
    const opened = decryptBlob(change(encrypted.blob), {
      ...encrypted.pointer,
      urls: [],
      contentType: null,
      ...pointer,
    })
    expect(opened).toHaveProperty('malformed')
  })
})

describe('an authorization', () => {
  it('reads the same in every spelling of base64', async () => {
    for (let length = 0; length < 6; length += 1) {
      const host = `http://${'a'.repeat(length + 1)}.test`
      const draft = { verb: 'upload', x: 'ab'.repeat(32), servers: [host], now: 1_790_000_000 } as const
      const token = await signer.sign(buildBlobAuthorization(draft))
      const coded = authorizationOf(token).slice('Nostr '.length)
      const json = Buffer.from(coded, 'base64url').toString('utf8')
      expect(Buffer.from(json).toString('base64')).toBe(coded)
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(token)))
    }
  })

  it('is for one blob at named servers, for ten minutes', () => {
    const servers = ['https://one.test', 'http://two.test:3000']
    expect(buildBlobAuthorization({ verb: 'delete', x: 'ab'.repeat(32), servers, now: 1_790_000_000 })).toMatchObject({
      kind: 24_242,
      tags: [
        ['t', 'delete'],
        ['x', 'ab'.repeat(32)],
        ['expiration', '1790000600'],
        ['server', 'one.test'],
        ['server', 'two.test'],
      ],
    })
  })
})

describe('the blob store', () => {
  it('keeps two copies of three servers, encrypted, and reads each back', async () => {
    const servers = await startServers({}, {}, {})
    const outcome = await storeAt(servers.map(({ url }) => url)).put(CONTENT, 'image/png')
    if (outcome.type !== 'stored') throw new Error(outcome.reason)
    const { pointer } = outcome
    expect([...pointer.urls].sort()).toEqual(urlsOf(servers.slice(0, 2), pointer.x).sort())
    const [blob] = servers[0]!.blobs.values()
    expect(sha256(blob!)).toBe(pointer.x)
    expect(Buffer.from(blob!).includes(CONTENT.subarray(0, 16))).toBe(false)
    expect(decryptBlob(blob!, pointer)).toEqual(CONTENT)
    expect(servers[0]!.requests.map((line) => line.replace(/ .* /, ' '))).toEqual(['HEAD 200', 'PUT 201', 'GET 200'])
    expect(servers[2]!.requests).toEqual([])
  })

  it.each(['wrongHash', 'wrongHost', 'otherBytes', 'unavailable'] as const)(
    'does without a server that is %s, and asks the next',
    async (fault) => {
      const servers = await startServers({ fault }, {}, {})
      const outcome = await storeAt(servers.map(({ url }) => url)).put(CONTENT, null)
      if (outcome.type !== 'stored') throw new Error(outcome.reason)
      expect([...outcome.pointer.urls].sort()).toEqual(urlsOf(servers.slice(1), outcome.pointer.x).sort())
    },
  )

  it('is content with one copy where the other servers are dead, lie, or never answer', async () => {
    const servers = await startServers({}, { fault: 'otherBytes' }, {}, { fault: 'silent' })
    await servers[0]!.stop()
    const store = storeAt(
      servers.map(({ url }) => url),
      { timeoutMs: 300 },
    )
    const outcome = await store.put(CONTENT, null)
    if (outcome.type !== 'stored') throw new Error(outcome.reason)
    expect(outcome.pointer.urls).toEqual([`${servers[2]!.url}/${outcome.pointer.x}`])
  })

  it('asks servers that failed last', async () => {
    const servers = await startServers({ fault: 'unavailable' }, {}, {})
    const store = storeAt(servers.map(({ url }) => url))
    await store.put(CONTENT, null)
    const asked = servers[0]!.requests.length
    expect(asked).toBeGreaterThan(0)
    await store.put(CONTENT, null)
    expect(servers[0]!.requests).toHaveLength(asked)
  })

  it.each([
    ['before the upload', { types: ['image/jpeg'], preflight: true }],
    ['at the upload', { types: ['video/mp4'], preflight: false }],
  ])('says that it is something else where a server refuses the type %s', async (_, options) => {
    const servers = await startServers(options)
    const outcome = await storeAt(servers.map(({ url }) => url)).put(CONTENT, 'text/plain')
    expect(outcome).toMatchObject({ type: 'stored', pointer: { contentType: 'text/plain' } })
    const puts = servers[0]!.requests.filter((line) => line.startsWith('PUT'))
    expect(puts.at(-1)).toContain('201')
    expect(puts).toHaveLength(options.preflight ? 1 : 3)
  })

  it('says of each server why it keeps nothing', async () => {
    const servers = await startServers({ maxBytes: 100 }, { types: [] })
    const outcome = await storeAt(servers.map(({ url }) => url)).put(CONTENT, null)
    expect(outcome.type).toBe('failed')
    const { reason } = outcome as { reason: string }
    expect(reason).toContain(`${servers[0]!.url}: it answers 413 before the upload`)
    expect(reason).toContain(`${servers[1]!.url}: it refuses video/mp4 (415)`)
  })

  it('does not take more than it is to take', async () => {
    const servers = await startServers({})
    const store = storeAt([servers[0]!.url], { maxBytes: 1_000 })
    expect(await store.put(CONTENT, null)).toMatchObject({ type: 'failed' })
    expect(servers[0]!.requests).toEqual([])
  })

  it('has a few under way at one time, and all get through', async () => {
    const servers = await startServers({}, {})
    const store = storeAt(servers.map(({ url }) => url))
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, i) => store.put(randomBytes(1_000 + i), null)))
    expect(outcomes.map(({ type }) => type)).toEqual(Array.from({ length: 10 }, () => 'stored'))
    expect(servers[0]!.blobs.size).toBe(10)
  })
})

describe('the Blossom server of the embedded world', () => {
  const tokenOf = async (changes: { verb?: 'upload' | 'delete'; x?: string; now?: number; servers?: string[] }) => {
    const now = Math.floor(Date.now() / 1000)
    const draft = { verb: 'upload', x: sha256(CONTENT), servers: ['http://127.0.0.1'], now, ...changes } as const
    return authorizationOf(await signer.sign(buildBlobAuthorization(draft)))
  }
  const put = (server: BlossomServer, authorization: string) =>
    fetch(`${server.url}/upload`, { method: 'PUT', body: CONTENT, headers: { authorization } })

  it('refuses what is not authorized for this blob, here and now', async () => {
    const [server] = (await startServers({})) as [BlossomServer]
    const refused = [
      await tokenOf({ verb: 'delete' }),
      await tokenOf({ x: 'ab'.repeat(32) }),
      await tokenOf({ now: 1_700_000_000 }),
      await tokenOf({ now: Math.floor(Date.now() / 1000) + 3_600 }),
      await tokenOf({ servers: ['https://elsewhere.test'] }),
      'Nostr bm90aGluZw',
      'Bearer x',
    ]
    for (const token of refused) expect((await put(server, token)).status).toBe(401)
    expect(server.blobs.size).toBe(0)
  })

  it('gives back what it took, with and without an extension, and deletes for its owner only', async () => {
    const [server] = (await startServers({})) as [BlossomServer]
    const x = sha256(CONTENT)
    expect(await (await put(server, await tokenOf({}))).json()).toMatchObject({ sha256: x, url: `${server.url}/${x}` })
    for (const end of ['', '.bin']) {
      const got = await fetch(`${server.url}/${x}${end}`)
      expect(sha256(Buffer.from(await got.arrayBuffer()))).toBe(x)
      const head = await fetch(`${server.url}/${x}${end}`, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(CONTENT.length)])
    }
    const stranger = createKeySigner(Buffer.alloc(32, 8))
    const now = Math.floor(Date.now() / 1000)
    const template = buildBlobAuthorization({ verb: 'delete', x, servers: ['http://127.0.0.1'], now })
    const remove = async (authorization: string) =>
      (await fetch(`${server.url}/${x}`, { method: 'DELETE', headers: { authorization } })).status
    expect(await remove(authorizationOf(await stranger.sign(template)))).toBe(403)
    expect(await remove(await tokenOf({ verb: 'delete' }))).toBe(204)
    expect((await fetch(`${server.url}/${x}`)).status).toBe(404)
  })
})

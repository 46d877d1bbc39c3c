/** Whatever its size, an answer arrives whole: relays with the limits of the world, real servers for what is too large for them. */
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { downloadBlob } from '../../src/customer/blob-download.js'
import type { NostrEvent } from '../../src/core/event.js'
import { isMalformed, type Pubkey } from '../../src/core/identifiers.js'
import { startBlossom, type BlossomServer } from '../../src/dev/blossom.js'
import { STRFRY_LIMITS } from '../../src/dev/relay/limits.js'
import { parseJobResult } from '../../src/nostr/kinds/job-result.js'
import { openAnswer } from '../../src/nostr/kinds/private-tags.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import { createWebClient } from '../../src/web/client.js'
import { createAgent, nowInSeconds } from '../support/agent.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { openRelayClient } from '../support/relay-client.js'

const SOON = { timeout: 10_000, interval: 5 }

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(options: BridgeOptions = {}): Promise<Bridge> {
  const bridge = await startBridge({ relay: STRFRY_LIMITS, ...options })
  closers.push(() => bridge.stop())
  return bridge
}

async function startServers(...faults: readonly (Parameters<BlossomServer['fail']>[0] | 'dead')[]) {
  const servers = await Promise.all(faults.map((fault) => startBlossom({ fault: fault === 'dead' ? null : fault })))
  closers.push(...servers.map((server) => () => server.stop()))
  for (const [index, server] of servers.entries()) if (faults[index] === 'dead') await server.stop()
  return servers
}

const web = createWebClient({ allowPrivate: true })
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const urlsOf = (servers: readonly BlossomServer[]) => servers.map(({ url }) => url)

/** What the API itself answers, and whether it went through a blob. */
async function truthOf(bridge: Bridge, path: string): Promise<Buffer> {
  const answer = await fetch(`${bridge.gateway.url}/free${path}`)
  return Buffer.from(await answer.arrayBuffer())
}

async function bodyOf(event: NostrEvent): Promise<{ body: Buffer; inBlob: boolean }> {
  const result = parseJobResult(event)
  if (isMalformed(result) || isMalformed(result.pointer)) throw new Error('not a result')
  const { pointer, content, encoding } = result
  if (pointer === null) return { body: Buffer.from(content, encoding === 'base64' ? 'base64' : 'utf8'), inBlob: false }
  const downloaded = await downloadBlob(web, pointer)
  if (isMalformed(downloaded)) throw new Error(downloaded.malformed)
  expect(content).toBe('')
  return { body: Buffer.from(downloaded), inBlob: true }
}

async function buy(bridge: Bridge, path: string): Promise<NostrEvent> {
  const { id } = await bridge.customer.publishJob({ path })
  const { bolt11 } = await bridge.customer.offer(id)
  await bridge.pay(bolt11)
  return bridge.customer.result(id)
}

describe('an answer', () => {
  it.each([
    ['5 MB of text', '/bytes/5000000', 5_000_000],
    ['300 KB that are no text', '/binary/300000', 300_000],
    ['a text of which every character is escaped in JSON', '/escaped/40000', 40_000],
  ])('of %s arrives whole, although one server is dead and one lies', async (_, path, length) => {
    const servers = await startServers('dead', 'otherBytes', null)
    const bridge = await start({ config: { blobs: { servers: urlsOf(servers) } } })
    const event = await buy(bridge, path)
    const truth = await truthOf(bridge, path)
    const { body, inBlob } = await bodyOf(event)
    expect(truth).toHaveLength(length)
    expect([sha256(body), inBlob]).toEqual([sha256(truth), true])
    expect(event.tags.filter(([name]) => name === 'url').map(([, url]) => new URL(url ?? '').origin)).toEqual([
      servers[2]!.url,
    ])
  })

  it.each(Array.from({ length: 5 }, (_, step) => 62_500 + step * 700))(
    'of %i bytes arrives whole on one way or the other',
    async (length) => {
      const [server] = (await startServers(null)) as [BlossomServer]
      const bridge = await start({ config: { blobs: { servers: [server.url] } } })
      const event = await bridge.customer.result(
        (await bridge.customer.publishJob({ path: `/free/bytes/${length}` })).id,
      )
      const { body, inBlob } = await bodyOf(event)
      expect(sha256(body)).toBe(sha256(await truthOf(bridge, `/bytes/${length}`)))
      expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(STRFRY_LIMITS.maxEventBytes)
      expect(inBlob).toBe(length > 65_000)
    },
  )
})

describe('the servers that keep answers', () => {
  const listsOf = (bridge: Bridge) =>
    [...bridge.relay.events()].filter(({ kind, pubkey }) => kind === 10_063 && pubkey === bridge.daemon.pubkey)
  const announced = async (bridge: Bridge, kind: number) =>
    vi.waitFor(() => expect([...bridge.relay.events()].some((event) => event.kind === kind)).toBe(true), SOON)

  it('are made known where we announce ourselves, in the order of preference', async () => {
    const servers = urlsOf(await startServers(null, null))
    const bridge = await start({ config: { blobs: { servers }, announce: { enabled: true } } })
    await announced(bridge, 10_063)
    expect(listsOf(bridge).map(({ tags }) => tags)).toEqual([servers.map((url) => ['server', url])])
  })

  it('are not spoken of where there are none, or nothing is announced', async () => {
    const servers = urlsOf(await startServers(null))
    const silent = await start({ config: { blobs: { servers } } })
    const without = await start({ config: { announce: { enabled: true } } })
    await announced(without, 11_998)
    await silent.fence()
    expect([...listsOf(silent), ...listsOf(without)]).toEqual([])
  })
})

describe('an answer that was paid for while no server keeps it', () => {
  it('outlives the process, and is delivered when one is back, with one call in all', async () => {
    const [server] = (await startServers('unavailable')) as [BlossomServer]
    const bridge = await start({ config: { blobs: { servers: [server.url] } } })
    const { id } = await bridge.customer.publishJob({ path: '/bytes/200000' })
    const { bolt11 } = await bridge.customer.offer(id)
    await bridge.pay(bolt11)
    const isRefused = () => bridge.log.lines.some(({ event }) => event === 'blob not stored')
    await vi.waitFor(() => expect(isRefused()).toBe(true), { timeout: 5_000, interval: 5 })
    await bridge.restart()
    server.fail(null)
    const { body, inBlob } = await bodyOf(await bridge.customer.result(id))
    expect([body.length, inBlob]).toEqual([200_000, true])
    expect(bridge.gateway.counters.callsServed).toHaveLength(1)
    expect(bridge.customer.statuses(id).filter((status) => status === 'result')).toHaveLength(1)
  })
})

describe('an answer in private', () => {
  /** Sends a job with its tags encrypted (NIP-90 §Encrypted params), and opens what comes back. */
  async function ask(bridge: Bridge, path: string) {
    const secretKey = randomBytes(32)
    const signer = createKeySigner(secretKey)
    const provider = bridge.daemon.pubkey as Pubkey
    const params = [
      ['param', 'method', 'GET'],
      ['param', 'path', path],
    ]
    const job = await signer.sign({
      kind: 5800,
      created_at: Math.floor(Date.now() / 1000),
      tags: [['p', provider], ['encrypted']],
      content: await signer.encrypt(provider, JSON.stringify(params)),
    })
    const client = await openRelayClient(bridge.relay.url)
    closers.push(async () => client.close())
    await client.subscribe('answers', { kinds: [6800, 7000], '#p': [signer.pubkey] })
    await client.publish(job)
    const [, , event] = await client.waitFor(
      ([type, , answer]) => type === 'EVENT' && (answer as NostrEvent).kind === 6800,
    )
    const sealed = event as NostrEvent
    const opened = openAnswer(sealed, await signer.decrypt(provider, sealed.content))
    if (isMalformed(opened)) throw new Error(opened.malformed)
    return { sealed, opened }
  }

  // Of NIP-44's padding, 40,960 bytes are the last class of which an event of 65,536 bytes holds the ciphertext.
  it.each([
    [32_769, false],
    [40_700, false],
    [40_961, true],
    [49_152, true],
    [65_535, true],
    [300_000, true],
  ])('of %i bytes arrives whole, and says in clear neither what it is nor where it lies', async (length, isLarge) => {
    const [server] = (await startServers(null)) as [BlossomServer]
    const bridge = await start({ config: { blobs: { servers: [server.url] } } })
    const { sealed, opened } = await ask(bridge, `/free/bytes/${length}`)
    const { body, inBlob } = await bodyOf(opened)
    expect([sha256(body), inBlob]).toEqual([sha256(Buffer.from('x'.repeat(length))), isLarge])
    expect(sealed.tags.map(([name]) => name)).not.toContain('url')
    expect(JSON.stringify(sealed)).not.toContain(server.url)
  })
})

describe('an answer to a job that came in a gift wrap', () => {
  it('is fetched and checked by its author, and nothing but the wrap says where it lies', async () => {
    const [server] = (await startServers(null)) as [BlossomServer]
    const bridge = await start({ config: { blobs: { servers: [server.url] } } })
    const agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey)
    closers.push(async () => agent.stop())
    const params = [
      ['param', 'method', 'GET'],
      ['param', 'path', '/binary/300000'],
    ]
    const tags = [['p', bridge.daemon.pubkey], ...params]
    const { rumor } = await agent.say({ kind: 5800, created_at: nowInSeconds(), tags, content: '' })
    const offer = await agent.answer(7000, rumor.id, 'payment-required')
    await bridge.pay(offer.tags.find(([name]) => name === 'amount')?.[2] ?? '')
    const { body, inBlob } = await bodyOf({ ...(await agent.answer(6800, rumor.id)), sig: '' })
    expect([sha256(body), inBlob]).toEqual([sha256(await truthOf(bridge, '/binary/300000')), true])
    const published = [...bridge.relay.events()]
    expect(published.map(({ kind }) => kind)).not.toContain(6800)
    expect(JSON.stringify(published).includes(server.url)).toBe(false)
    expect(published.every((event) => JSON.stringify(event).length <= STRFRY_LIMITS.maxEventBytes)).toBe(true)
  })
})

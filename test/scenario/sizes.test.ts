/** Whatever its size, an answer arrives whole: relays with the limits of the world, real servers for what is too large for them. */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { downloadBlob } from '../../src/customer/blob-download.js'
import type { NostrEvent } from '../../src/core/event.js'
import { isMalformed } from '../../src/core/identifiers.js'
import { startBlossom, type BlossomServer } from '../../src/dev/blossom.js'
import { STRFRY_LIMITS } from '../../src/dev/relay/limits.js'
import { parseJobResult } from '../../src/nostr/kinds/job-result.js'
import { createWebClient } from '../../src/web/client.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

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

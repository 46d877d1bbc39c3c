/** Do clients drive the bridge that know nothing of it? Raw JSON, nostr-tools and `tollbridge request`, in the open and encrypted. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { nip04, nip44 } from 'nostr-tools'
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure'
import { afterEach, describe, expect, it } from 'vitest'
import { request } from '../../src/cli/request.js'
import type { EncryptionScheme } from '../../src/core/arrival.js'
import type { NostrEvent } from '../../src/core/event.js'
import { systemClock } from '../support/pool-fixture.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { openRelayClient } from '../support/relay-client.js'

let bridge: Bridge
const closers: (() => void)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(async () => {
  for (const close of closers.splice(0)) close()
  await bridge.stop()
})

const PARAMS = [
  ['param', 'method', 'GET'],
  ['param', 'path', '/joke'],
]
const BOTH: readonly EncryptionScheme[] = ['nip44', 'nip04']

/** A customer made of nostr-tools alone: keys, signatures and both encryptions are its own. */
async function nostrToolsClient() {
  const key = generateSecretKey()
  const provider = bridge.daemon.pubkey
  const client = await openRelayClient(bridge.relay.url)
  closers.push(() => client.close())
  await client.subscribe('mine', { kinds: [6800, 7000], '#p': [getPublicKey(key)] })
  const encrypt = (text: string, scheme: EncryptionScheme): string =>
    scheme === 'nip04'
      ? nip04.encrypt(key, provider, text)
      : nip44.encrypt(text, nip44.getConversationKey(key, provider))
  const decrypt = ({ content }: NostrEvent): string =>
    content.includes('?iv=')
      ? nip04.decrypt(key, provider, content)
      : nip44.decrypt(content, nip44.getConversationKey(key, provider))
  const send = async (content: string, tags: string[][]): Promise<string> => {
    const draft = { kind: 5800, created_at: Math.floor(Date.now() / 1000), content, tags: [['p', provider], ...tags] }
    const event = finalizeEvent(draft, key)
    await client.publish(event as unknown as NostrEvent)
    return event.id
  }
  const next = async (jobId: string, kind: number, nth = 0): Promise<NostrEvent> => {
    const find = () =>
      client.received('mine').filter((event) => event.kind === kind && event.tags.some(([, value]) => value === jobId))[
        nth
      ]
    await expect.poll(find, { timeout: 15_000 }).toBeDefined()
    return find() as NostrEvent
  }
  return { encrypt, decrypt, send, next }
}

const bolt11In = (tags: readonly (readonly string[])[]): string => tags.find(([name]) => name === 'amount')?.[2] ?? ''

describe('nostr-tools', () => {
  it('in the open: invoice and result are plain tags and content', async () => {
    await open()
    const client = await nostrToolsClient()
    const id = await client.send('', PARAMS)
    await bridge.pay(bolt11In((await client.next(id, 7000)).tags))
    expect(JSON.parse((await client.next(id, 6800)).content)).toHaveProperty('joke')
  })

  it.each(BOTH)('encrypted with %s: invoice and result are opened by its own cipher', async (scheme) => {
    await open()
    const client = await nostrToolsClient()
    const id = await client.send(client.encrypt(JSON.stringify(PARAMS), scheme), [['encrypted']])
    const offer = JSON.parse(client.decrypt(await client.next(id, 7000))) as string[][]
    await bridge.pay(bolt11In(offer))
    const result = await client.next(id, 6800)
    expect(JSON.parse(client.decrypt(result))).toHaveProperty('joke')
    expect(result.content.includes('?iv=')).toBe(scheme === 'nip04')
    expect(JSON.parse(result.tags.find(([name]) => name === 'request')?.[1] ?? '{}')).toMatchObject({
      id,
      tags: expect.arrayContaining([['encrypted']]) as unknown,
    })
  })

  it('an empty output is delivered encrypted, too', async () => {
    await open()
    const client = await nostrToolsClient()
    const tags = [PARAMS[0] as string[], ['param', 'path', '/free/bytes/0']]
    const id = await client.send(client.encrypt(JSON.stringify(tags), 'nip44'), [['encrypted']])
    const result = await client.next(id, 6800)
    expect(result.tags).toContainEqual(['encoding', 'tags'])
    expect(client.decrypt(result)).toBe('[]')
  })

  it.each([
    ['that nobody can open', 'not a ciphertext', 'undecipherable'],
    ['that holds no list of tags', '"param"', 'invalid-request'],
  ])('content %s is refused once', async (_, text, code) => {
    await open()
    const client = await nostrToolsClient()
    const isSealed = code === 'invalid-request'
    const id = await client.send(isSealed ? client.encrypt(text, 'nip44') : text, [['encrypted']])
    const error = await client.next(id, 7000)
    expect(error.tags.find(([name]) => name === 'status')?.slice(0, 3)).toEqual(['status', 'error', code])
  })
})

describe('the operator', () => {
  const codeOf = async (client: Awaited<ReturnType<typeof nostrToolsClient>>, id: string) =>
    (await client.next(id, 7000)).tags.find(([name]) => name === 'status')?.[2]

  it('may take encrypted jobs only', async () => {
    await open({ config: { encryption: { jobs: 'require' } } })
    const client = await nostrToolsClient()
    expect(await codeOf(client, await client.send('', PARAMS))).toBe('encryption-required')
    const id = await client.send(client.encrypt(JSON.stringify(PARAMS), 'nip44'), [['encrypted']])
    expect(bolt11In(JSON.parse(client.decrypt(await client.next(id, 7000))) as string[][])).toMatch(/^lnbcrt/)
  })

  it('may take none', async () => {
    await open({ config: { encryption: { jobs: 'refuse' } } })
    const client = await nostrToolsClient()
    const id = await client.send(client.encrypt(JSON.stringify(PARAMS), 'nip44'), [['encrypted']])
    expect(await codeOf(client, id)).toBe('encryption-unsupported')
  })

  it('may encrypt answers to jobs that came in the open', async () => {
    await open({ config: { encryption: { answers: 'always' } } })
    const client = await nostrToolsClient()
    const id = await client.send('', PARAMS)
    await bridge.pay(bolt11In(JSON.parse(client.decrypt(await client.next(id, 7000))) as string[][]))
    expect(JSON.parse(client.decrypt(await client.next(id, 6800)))).toHaveProperty('joke')
  })
})

describe('tollbridge request', () => {
  /** As the command runs, with what it prints gathered. */
  function run(options: object) {
    const lines: Record<string, unknown>[] = []
    const output = {
      json: true,
      data: () => undefined,
      say: () => undefined,
      object: (line: object) => void lines.push({ ...line }),
    }
    const state = join(bridge.directory, randomBytes(4).toString('hex'))
    const exit = request(
      {
        provider: bridge.daemon.pubkey,
        relay: [bridge.relay.url],
        path: '/joke',
        network: 'regtest',
        state,
        timeout: '20',
        ...options,
      },
      {
        env: {},
        homeDirectory: bridge.directory,
        output,
        writeBody: () => undefined,
        clock: systemClock,
        log: bridge.log,
      },
    )
    const told = (type: string) => lines.find((line) => line['type'] === type)
    return { exit, told }
  }

  it.each([undefined, true, 'nip04'] as const)('with --encrypt %s brings the answer home', async (encrypt) => {
    await open()
    const { exit, told } = run(encrypt === undefined ? {} : { encrypt })
    await expect.poll(() => told('offered'), { timeout: 15_000 }).toBeDefined()
    await bridge.pay(String(told('offered')?.['bolt11']))
    expect(await exit).toBe(0)
    expect(JSON.parse(String(told('ended')?.['content']))).toHaveProperty('joke')
    const jobs = [...bridge.relay.events()].filter(({ kind }) => kind === 5800)
    expect(jobs.some(({ tags }) => tags.some(([name]) => name === 'param'))).toBe(encrypt === undefined)
  })

  it('with --encrypt is told why a job is refused, though nobody else is', async () => {
    await open()
    const { exit, told } = run({ encrypt: true, bidSats: '1' })
    expect(await exit).toBe(3)
    expect(told('error')).toMatchObject({ code: 'price-exceeds-bid' })
  })
})

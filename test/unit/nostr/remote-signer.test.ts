/** Is a remote signer believed only what it proves, waited for no longer than its time, and found where it says? (NIP-46) */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startBunker, type Bunker, type BunkerBehaviour, type BunkerOptions } from '../../../src/dev/bunker.js'
import { createOwnPool } from '../../../src/dev/own-pool.js'
import { startRelay, type DevRelay } from '../../../src/dev/relay/relay.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseBunkerAddress, parseRemoteAnswer, serialisePermissions } from '../../../src/nostr/kinds/remote-signing.js'
import { verifyEvent } from '../../../src/nostr/event.js'
import { openRemoteSigner, type RemoteSigner, type RemoteSignerOptions } from '../../../src/nostr/remote-signer.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { createReadableLog, systemClock } from '../../support/pool-fixture.js'

const template = { kind: 7000, created_at: 1_800_000_000, tags: [['p', 'x']], content: 'hello' }

let relay: DevRelay
let elsewhere: DevRelay
let bunker: Bunker
let stops: (() => unknown)[]
let log: ReturnType<typeof createReadableLog>

beforeEach(async () => {
  log = createReadableLog()
  relay = await startRelay()
  elsewhere = await startRelay()
  stops = [() => relay.stop(), () => elsewhere.stop()]
})
afterEach(async () => {
  for (const stop of stops.reverse()) await stop()
})

async function keep(options: Partial<BunkerOptions> = {}): Promise<void> {
  bunker = await startBunker({ relays: [relay.url], otherRelays: [elsewhere.url], ...options })
  stops.push(() => bunker.stop())
}

async function open(changes: Partial<RemoteSignerOptions> = {}): Promise<RemoteSigner> {
  const address = parseBunkerAddress(bunker.uri)
  if (isMalformed(address)) throw new Error(address.malformed)
  const pool = createOwnPool()
  stops.push(() => pool.stop())
  const signer = await openRemoteSigner({
    ...{ address, clientKey: randomBytes(32), known: null, remember: async () => undefined, pool, log },
    permissions: { kinds: [7000, 1], nip04: true },
    ...{ clock: systemClock, random: () => 0, timeoutMs: 300 },
    ...changes,
  })
  stops.push(() => signer.stop())
  return signer
}

describe('a remote signer', () => {
  it('signs and encrypts as the key itself would, and asks for no other permission', async () => {
    await keep()
    const signer = await open()
    expect(signer.pubkey).toBe(bunker.pubkey)
    expect(verifyEvent(await signer.sign(template))).toBe(true)
    const peer = createKeySigner(randomBytes(32))
    for (const scheme of ['nip44', 'nip04'] as const) {
      const sealed = await signer.encrypt(peer.pubkey, 'for you', scheme)
      expect(await peer.decrypt(signer.pubkey, sealed, scheme)).toBe('for you')
      const answer = await peer.encrypt(signer.pubkey, 'and for you', scheme)
      expect(await signer.decrypt(peer.pubkey, answer, scheme)).toBe('and for you')
    }
    expect(bunker.permissions).toBe(
      'sign_event:1,sign_event:7000,nip44_encrypt,nip44_decrypt,nip04_encrypt,nip04_decrypt',
    )
    await expect(signer.sign({ ...template, kind: 4 })).rejects.toMatchObject({ code: 'signer-unavailable' })
  })

  it.each<NonNullable<BunkerBehaviour['forge']>>(['key', 'content', 'signature', 'nonsense'])(
    'is not believed where it answers with a wrong %s',
    async (forge) => {
      await keep()
      const signer = await open()
      bunker.behave({ forge })
      await expect(signer.sign(template)).rejects.toThrow('something else than the event of kind 7000')
      expect(signer.health.trouble).toContain('something else')
      bunker.behave({})
      expect(verifyEvent(await signer.sign(template))).toBe(true)
      expect(signer.health.trouble).toBeNull()
    },
  )

  it('may answer twice', async () => {
    await keep()
    const signer = await open()
    bunker.behave({ twice: true })
    const events = await Promise.all([1, 2, 3].map((n) => signer.sign({ ...template, content: String(n) })))
    expect(events.map(({ content }) => content)).toEqual(['1', '2', '3'])
  })

  it('that is silent fails its calls in time, is not flooded meanwhile, and is found again', async () => {
    await keep()
    const signer = await open()
    const recovered = vi.fn()
    signer.health.onRecovered(recovered)
    bunker.behave({ deaf: true })
    await expect(signer.sign(template)).rejects.toMatchObject({ code: 'signer-unavailable' })
    const began = performance.now()
    await expect(signer.sign(template)).rejects.toMatchObject({ code: 'signer-unavailable' })
    expect(performance.now() - began).toBeLessThan(100)
    expect(signer.health.trouble).toContain('no answer within')
    bunker.behave({})
    await vi.waitFor(() => expect(recovered).toHaveBeenCalledOnce(), { timeout: 5_000 })
    expect(verifyEvent(await signer.sign(template))).toBe(true)
  })

  it('that is silent keeps nothing from being opened that came meanwhile', async () => {
    await keep()
    const signer = await open()
    const peer = createKeySigner(randomBytes(32))
    const payload = await peer.encrypt(signer.pubkey, 'a job')
    bunker.behave({ deaf: true })
    await expect(signer.sign(template)).rejects.toThrow()
    const opened = signer.decrypt(peer.pubkey, payload)
    bunker.behave({})
    expect(await opened).toBe('a job')
  })

  it('says of a payload that is nobody’s no more than that', async () => {
    await keep()
    const signer = await open()
    const refused = signer.decrypt(createKeySigner(randomBytes(32)).pubkey, 'nonsense')
    await expect(refused).rejects.not.toMatchObject({ code: 'signer-unavailable' })
    expect(signer.health.trouble).toBeNull()
  })

  it('may ask its owner first: the address is shown once, and the answer waited for', async () => {
    await keep({ behaviour: { approval: 'https://signer.example/approve?x' } })
    const signer = await open()
    await signer.sign(template)
    const shown = log.lines.filter(({ fields }) => fields['url'] === 'https://signer.example/approve?x')
    expect(shown.map(({ level }) => level)).toEqual(['warn'])
  })

  it('is sought where it says that it will be, and remembered there', async () => {
    const remember = vi.fn(async () => undefined)
    await keep({ behaviour: { relays: [] } })
    bunker.behave({ relays: [elsewhere.url] })
    const signer = await open({ remember })
    expect(remember).toHaveBeenLastCalledWith({ pubkey: bunker.pubkey, relays: [`${elsewhere.url}/`] })
    stops.shift()
    await relay.stop()
    expect(verifyEvent(await signer.sign(template))).toBe(true)
  })

  it('is not followed to where it is not', async () => {
    await keep({ behaviour: { relays: ['ws://127.0.0.1:9'] } })
    const signer = await open()
    expect(verifyEvent(await signer.sign(template))).toBe(true)
    expect(log.lines.map(({ event }) => event)).toContain('the remote signer is not where it said it would be')
  })

  it('that is known need not answer for us to start, nor see its secret again', async () => {
    await keep()
    const clientKey = randomBytes(32)
    await open({ clientKey })
    const known = { pubkey: bunker.pubkey, relays: [relay.url] }
    const connects = () => bunker.requests.filter(({ method }) => method === 'connect').length
    const before = connects()
    const signer = await open({ clientKey, known })
    expect(verifyEvent(await signer.sign(template))).toBe(true)
    expect(connects()).toBe(before)
    bunker.behave({ deaf: true })
    expect((await open({ clientKey, known })).pubkey).toBe(bunker.pubkey)
  })

  it('that signs for another key than before is not worked with', async () => {
    await keep()
    const clientKey = randomBytes(32)
    await open({ clientKey })
    const other = createKeySigner(randomBytes(32)).pubkey
    const signer = await open({ clientKey, known: { pubkey: other, relays: [relay.url] } })
    await expect(signer.sign(template)).rejects.toThrow('and this state is of')
  })

  it('that is new and does not answer, or refuses us, is said at once', async () => {
    await keep({ behaviour: { deaf: true } })
    await expect(open()).rejects.toMatchObject({ code: 'signer-unavailable' })
    bunker.behave({})
    const address = parseBunkerAddress(bunker.uri.replace(/secret=.*/, 'secret=wrong'))
    if (isMalformed(address)) throw new Error(address.malformed)
    await expect(open({ address })).rejects.toThrow('secret is not valid')
  })
})

describe('what a remote signer says', () => {
  it.each([
    ['no JSON', '{', 'malformed'],
    ['no id', '{"result":"x"}', 'malformed'],
    ['an approval without an address', '{"id":"1","result":"auth_url"}', 'malformed'],
    ['an approval at no web page', '{"id":"1","result":"auth_url","error":"javascript:alert(1)"}', 'malformed'],
    ['an error beside an empty result', '{"id":"1","result":"","error":"no"}', 'refused'],
    ['an error of null beside a result', '{"id":"1","result":"yes","error":null}', 'result'],
    ['an empty text', '{"id":"1","result":""}', 'result'],
  ])('is read: %s', (_what, text, type) => {
    const answer = parseRemoteAnswer(text)
    expect(isMalformed(answer) ? 'malformed' : answer.type).toBe(type)
  })

  it.each([
    'bunker://short?relay=wss://r.example',
    `bunker://${'ab'.repeat(32)}`,
    `bunker://${'ab'.repeat(32)}?relay=https://r.example`,
    `nostrconnect://${'ab'.repeat(32)}?relay=wss://r.example`,
  ])('%s is no address', (text) => {
    expect(isMalformed(parseBunkerAddress(text))).toBe(true)
  })

  it('is never asked more than it must be', () => {
    expect(serialisePermissions({ kinds: [7000, 5, 7000], nip04: false })).toBe(
      'sign_event:5,sign_event:7000,nip44_encrypt,nip44_decrypt',
    )
  })
})

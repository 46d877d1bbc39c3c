/** Who asks, and who is asked? Keys in files, addresses on the command line, and what strangers may write on a terminal. */
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npubEncode, nprofileEncode, nsecEncode } from 'nostr-tools/nip19'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadCustomerKey } from '../../../src/customer/customer-key.js'
import { parseProviderAddress } from '../../../src/customer/provider-address.js'
import { isLocal } from '../../../src/customer/provider-reach.js'
import { tame } from '../../../src/customer/story.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-key-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('the customer key', () => {
  const KEY = '07'.repeat(32)

  it('is made once and kept with mode 0600', async () => {
    const stateDir = join(directory, 'deep', 'requests')
    const load = () => loadCustomerKey({ keyFile: null, stateDir })
    const keys = await Promise.all([load(), load(), load()])
    expect(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1)
    expect((await stat(join(stateDir, 'customer.key'))).mode & 0o777).toBe(0o600)
  })

  it.each([
    ['hex', KEY],
    ['hex in capitals', KEY.toUpperCase()],
    ['an nsec', nsecEncode(Buffer.from(KEY, 'hex'))],
  ])('is read from a file with %s', async (_, text) => {
    const keyFile = join(directory, 'key')
    await writeFile(keyFile, `${text}\n`, { mode: 0o600 })
    const key = await loadCustomerKey({ keyFile, stateDir: directory })
    expect(Buffer.from(key).toString('hex')).toBe(KEY)
  })

  it.each([
    ['that others can read', KEY, 0o640],
    ['with a key of zeros', '0'.repeat(64), 0o600],
    ['with an npub', npubEncode(KEY), 0o600],
    ['with nothing', '', 0o600],
  ])('is not taken from a file %s, and not repeated in the error', async (_, text, mode) => {
    const keyFile = join(directory, 'key')
    await writeFile(keyFile, text)
    await chmod(keyFile, mode)
    const failure = await loadCustomerKey({ keyFile, stateDir: directory }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'key-unusable' })
    if (text !== '') expect(String(failure)).not.toContain(text)
  })

  it('that is missing is said', async () => {
    const keyFile = join(directory, 'nowhere')
    await expect(loadCustomerKey({ keyFile, stateDir: directory })).rejects.toMatchObject({ code: 'key-unusable' })
  })
})

describe('a provider', () => {
  const HEX = '7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e'

  it.each([
    ['hex', HEX, []],
    ['an npub', npubEncode(HEX), []],
    ['an npub as a link', `nostr:${npubEncode(HEX)}`, []],
    ['an nprofile', nprofileEncode({ pubkey: HEX, relays: ['wss://a.example'] }), ['wss://a.example']],
  ])('is named by %s', (_, text, relays) => {
    expect(parseProviderAddress(text)).toEqual({ pubkey: HEX, relays })
  })

  it.each(['', 'npub1', HEX.toUpperCase(), HEX.slice(1), nsecEncode(Buffer.from(HEX, 'hex')), 'note1xyz'])(
    'is not named by %j',
    (text) => {
      expect(parseProviderAddress(text)).toHaveProperty('malformed')
    },
  )
})

it("tames a stranger's text for the terminal", () => {
  expect(tame('\u001b]0;title\u0007hello\r\nworld\u202e')).toBe(' ]0;title hello world ')
  expect(tame('x'.repeat(10_000))).toHaveLength(400)
})

it('tells local relays from public ones', () => {
  const local = [
    'ws://localhost:1',
    'ws://127.0.0.2',
    'ws://10.1.2.3',
    'ws://192.168.0.1',
    'ws://172.20.1.1',
    'ws://[::1]:7',
    'ws://localhost./',
    'ws://router',
    'ws://db.internal',
    'ws://100.64.0.1',
    'ws://[64:ff9b::a00:1]',
  ]
  for (const url of [...local, 'ws://[fd00::1]', 'ws://169.254.169.254', 'ws://box.local', 'ws://2130706433']) {
    expect(isLocal(url), url).toBe(true)
  }
  for (const url of [
    'wss://relay.example',
    'wss://172.32.1.1',
    'wss://8.8.8.8',
    'ws://abc.onion',
    'wss://[2001:db8::1]',
  ]) {
    expect(isLocal(url), url).toBe(false)
  }
})

/** Which keys are understood, and is a locked one opened by its password only? (NIP-49, NIP-46) */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encrypt } from 'nostr-tools/nip49'
import { describe, expect, it } from 'vitest'
import { init } from '../../../src/cli/init.js'
import { loadConfig } from '../../../src/config/load.js'
import { lockKey, parseKeyText, unlockKey } from '../../../src/nostr/key-text.js'

const KEY = new Uint8Array(32).fill(7)

const bech32Letters = (bytes: readonly number[]): string => {
  const bits = bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const words = bits.match(/.{1,5}/g)?.map((word) => parseInt(word.padEnd(5, '0'), 2)) ?? []
  return words.map((word) => 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'[word]).join('')
}

describe('a locked key', () => {
  it('is the one of the standard’s own example', () => {
    const example =
      'ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623nsl8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p'
    expect(Buffer.from(unlockKey(example, 'nostr') as Uint8Array).toString('hex')).toBe(
      '3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683',
    )
  })

  it('is opened by its password, and by no other', () => {
    const locked = encrypt(KEY, 'right', 4)
    expect(unlockKey(locked, 'right')).toEqual(KEY)
    expect(unlockKey(locked, 'wrong')).toMatchObject({ malformed: expect.stringContaining('keyPassword') as string })
  })

  it.each([21, 32, 255])('that would cost 2^%i is refused before anything is computed', (logN) => {
    const dear = `ncryptsec1${bech32Letters([2, logN, ...new Array<number>(89).fill(0)])}qqqqqq`
    expect(unlockKey(dear, 'right')).toMatchObject({ malformed: expect.stringContaining('the most') as string })
  })

  it('that is damaged is told from a wrong password', () => {
    expect(unlockKey('ncryptsec1qqqq', 'x')).toMatchObject({ malformed: expect.stringContaining('damaged') as string })
  })

  it('is written where init is given a password file, and loads', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tollbridge-locked-'))
    try {
      const password = join(directory, 'password')
      writeFileSync(password, 'a long one\n', { mode: 0o600 })
      const written = await init(join(directory, 'bridge'), password)
      expect(readFileSync(written.keyFile, 'utf8')).toMatch(/^ncryptsec1[a-z0-9]+\n$/)
      expect((await loadConfig(written.configFile, {})).pubkey).toBe(written.pubkey)
      writeFileSync(password, 'another\n')
      await expect(loadConfig(written.configFile, {})).rejects.toThrow('the password in keyPassword is not the one')
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})

describe('a key file', () => {
  it.each([
    ['64 digits', '07'.repeat(32), 'secret'],
    ['a locked key', lockKey(KEY, 'x'), 'locked'],
    ['a signer', `bunker://${'ab'.repeat(32)}?relay=wss://r.example`, 'remote'],
  ])('may hold %s', (_what, text, type) => {
    expect(parseKeyText(text)).toMatchObject({ type })
  })
})

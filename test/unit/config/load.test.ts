import { mkdtempSync, rmSync, writeFileSync, chmodSync, mkdirSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nsecEncode } from 'nostr-tools/nip19'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TollbridgeError } from '../../../src/core/errors.js'
import { describeConfig, printConfig } from '../../../src/config/describe.js'
import { loadConfig } from '../../../src/config/load.js'
import { sealingKeyOf } from '../../../src/config/sealing-key.js'
import { pubkeyOf } from '../../../src/nostr/event.js'

const KEY = '42'.repeat(32)
const URI_SECRET = 'ef'.repeat(32)
const WALLET = `nostr+walletconnect://${'ab'.repeat(32)}?relay=wss://relay.example.com&secret=${URI_SECRET}`

const TEXT = `
key: { file: ./tollbridge.key }
relays: { read: [wss://relay.example.com] }
wallets: { till: { type: nwc, uri: { env: TILL } } }
upstreams:
  - { name: api, origin: 'https://api.example.com', merchantWallet: till, routes: [{ path: /**, maxSats: 10 }] }
`

let directory: string
let file: string
let keyFile: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tollbridge-config-'))
  file = join(directory, 'tollbridge.yaml')
  keyFile = join(directory, 'tollbridge.key')
  writeFileSync(file, TEXT)
  writeFileSync(keyFile, `  ${KEY}\n`, { mode: 0o600 })
})
afterEach(() => rmSync(directory, { recursive: true }))

async function refusal(env: Record<string, string> = { TILL: WALLET }): Promise<string> {
  const error: unknown = await loadConfig(file, env).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof TollbridgeError)) throw new Error('not refused')
  expect(error.code).toBe('config-invalid')
  return error.message
}

describe('loading', () => {
  it('reads secrets from files and from the environment', async () => {
    const config = await loadConfig(file, { TILL: ` ${WALLET}\n` })
    expect(config.key).toEqual({ type: 'secret', secretKey: Uint8Array.from(Buffer.from(KEY, 'hex')) })
    expect(config.walletSecrets.get('till')).toBe(WALLET)
    expect(config.file).toBe(file)
    expect(config.stateDirectory).toBe(join(directory, 'state'))
  })

  it('takes an nsec for a key', async () => {
    writeFileSync(keyFile, nsecEncode(Buffer.from(KEY, 'hex')))
    expect((await loadConfig(file, { TILL: WALLET })).pubkey).toBe(pubkeyOf(Buffer.from(KEY, 'hex')))
  })

  it.each([0o640, 0o604, 0o620, 0o601])('refuses a key file of mode %o and says what to do', async (mode) => {
    chmodSync(keyFile, mode)
    expect(await refusal()).toBe(
      `${file}:2: key names ${keyFile}, which others can read (mode 0${mode.toString(8)}): run chmod 600 '${keyFile}'.`,
    )
  })

  it.each([
    ['an empty one', '', /which is empty/],
    ['zero', '0'.repeat(64), /holds a number that is no secret key/],
    ['one beyond the curve', 'f'.repeat(64), /holds a number that is no secret key/],
    ['a public key', 'npub1sn0wdenkukak0d9dfczzeacvhkrgz92ak56egt7vdgzn8pv2wfqqhrjdv9', /must hold a key: nsec1/],
    ['a broken nsec', 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe6', /must hold a key: nsec1/],
    ['a short one', KEY.slice(2), /must hold a key: nsec1/],
    ['a large file', 'a'.repeat(10_000), /too large for a secret/],
  ])('refuses %s as a key, without repeating it', async (_what, content, sentence) => {
    writeFileSync(keyFile, content)
    const said = await refusal()
    expect(said).toMatch(sentence)
    if (content !== '') expect(said).not.toContain(content.slice(0, 30))
  })

  it('refuses what is no file, at once', async () => {
    rmSync(keyFile)
    expect(await refusal()).toContain('cannot be opened (there is no such file)')
    mkdirSync(keyFile)
    expect(await refusal()).toContain('is not a regular file')
    rmSync(keyFile, { recursive: true })
    execFileSync('mkfifo', ['-m', '600', keyFile])
    expect(await refusal()).toContain('is not a regular file')
  })

  it('tells of a missing key, a missing variable and a wrong setting together', async () => {
    rmSync(keyFile)
    writeFileSync(file, `${TEXT}\njobs: { maxOpen: 0 }`)
    const said = await refusal({})
    expect(said.split('\n')).toHaveLength(3)
    expect(said).toContain('wallets.till.uri names the environment variable TILL, which is not set.')
    expect(said).toContain('jobs.maxOpen must be a whole number from 1 to 1000000.')
  })

  it.each([
    ['no wallet URI', 'https://example.com'],
    ['one without a secret', WALLET.replace(/&secret.*/, '')],
    ['one without a relay', WALLET.replace(/relay=[^&]*&/, '')],
    ['one whose relay is no relay', WALLET.replace('wss:', 'https:')],
  ])('refuses %s', async (_what, uri) => {
    expect(await refusal({ TILL: uri })).toContain('wallets.till.uri must hold a wallet connection')
  })

  it('refuses a file that is missing, a directory, too large or not text', async () => {
    writeFileSync(file, Buffer.alloc(1_048_576, '#'))
    expect(await refusal()).toContain('it has 1048576 bytes, and a configuration at most 524288')
    writeFileSync(file, Buffer.from([0x61, 0x3a, 0xff, 0xfe]))
    expect(await refusal()).toContain('it is not text in UTF-8')
    rmSync(file)
    expect(await refusal()).toContain('there is no such file; tollbridge init writes one')
    mkdirSync(file)
    expect(await refusal()).toContain('it is not a regular file')
  })
})

describe('describing', () => {
  it('shows every setting in effect and no secret', async () => {
    const config = await loadConfig(file, { TILL: WALLET })
    const described = describeConfig(config)
    expect(described.key).toBe('(set)')
    expect(described.wallets).toEqual({ till: { type: 'nwc', uri: '(set)' } })
    const printed = printConfig(config) + JSON.stringify(described)
    expect(printed).toContain('maxOpenPerCustomer: 50')
    for (const secret of [KEY, URI_SECRET, 'ab'.repeat(32), 'walletconnect', '66,66,66']) {
      expect(printed).not.toContain(secret)
    }
  })

  it('leaves nothing out', async () => {
    const config = await loadConfig(file, { TILL: WALLET })
    const shown = new Set([...Object.keys(describeConfig(config)), 'walletSecrets'])
    expect(Object.keys(config).filter((name) => !shown.has(name))).toEqual([])
  })
})

describe('the sealing key', () => {
  it('is the same for the same key, for ever, and tells nothing of it', () => {
    const sealing = Buffer.from(sealingKeyOf(Buffer.from(KEY, 'hex'))).toString('hex')
    expect(sealing).toBe('b619eb917f64a8bf8ded1a11807ef983762b11fd9151ef8d101b3b0799162fc2')
    expect(sealing).not.toBe(Buffer.from(sealingKeyOf(Buffer.from('43'.repeat(32), 'hex'))).toString('hex'))
  })
})

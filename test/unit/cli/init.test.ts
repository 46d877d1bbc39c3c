import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decode } from 'nostr-tools/nip19'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { init } from '../../../src/cli/init.js'
import { loadConfig } from '../../../src/config/load.js'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tollbridge-init-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const modeOf = (path: string): number => statSync(path).mode & 0o777

describe('init', () => {
  it('writes a configuration and a key that load at once', async () => {
    const written = await init(join(directory, 'new', 'bridge'))
    const config = await loadConfig(written.configFile, {})
    expect(config.pubkey).toBe(written.pubkey)
    expect(decode(written.npub)).toEqual({ type: 'npub', data: written.pubkey })
    expect(config.stateDirectory).toBe(written.stateDirectory)
    expect(config.relays.lookup).toEqual(['wss://purplepag.es/'])
    expect(readFileSync(written.configFile, 'utf8')).toContain(`# Its public key is ${written.npub}\nkey:`)
    expect(written.nextSteps.join('\n')).toContain(`tollbridge run -c ${written.configFile}`)
  })

  it('keeps the key and the state from other people', async () => {
    const { keyFile, stateDirectory } = await init(directory)
    expect(modeOf(keyFile)).toBe(0o600)
    expect(modeOf(stateDirectory)).toBe(0o700)
    expect(readFileSync(keyFile, 'utf8')).toMatch(/^nsec1[a-z0-9]{58}\n$/)
  })

  it('makes a new key each time', async () => {
    const [one, other] = await Promise.all([init(join(directory, 'a')), init(join(directory, 'b'))])
    expect(one.npub).not.toBe(other.npub)
  })

  it.each(['tollbridge.yaml', 'tollbridge.key'])('changes nothing where %s exists', async (name) => {
    writeFileSync(join(directory, name), 'mine')
    const failure = init(directory)
    await expect(failure).rejects.toMatchObject({ code: 'usage' })
    await expect(failure).rejects.toThrow(`${join(directory, name)} already exists; nothing was changed.`)
    expect(readdirSync(directory)).toEqual([name])
    expect(readFileSync(join(directory, name), 'utf8')).toBe('mine')
  })

  it('does not write through a link that leads nowhere', async () => {
    symlinkSync(join(directory, 'elsewhere'), join(directory, 'tollbridge.key'))
    await expect(init(directory)).rejects.toThrow('already exists')
    expect(existsSync(join(directory, 'elsewhere'))).toBe(false)
  })

  it('lets one of two that run at once win, whole', async () => {
    const results = await Promise.allSettled([init(directory), init(directory)])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const won = results.find((result) => result.status === 'fulfilled')
    expect((await loadConfig(join(directory, 'tollbridge.yaml'), {})).pubkey).toBe(won?.value.pubkey)
  })

  it('says in a sentence where it cannot write', async () => {
    writeFileSync(join(directory, 'file'), '')
    await expect(init(join(directory, 'file', 'x'))).rejects.toMatchObject({ code: 'usage' })
  })

  it('leaves a state directory that is there as it is', async () => {
    mkdirSync(join(directory, 'state'), { mode: 0o750 })
    writeFileSync(join(directory, 'state', 'jobs'), 'saved')
    await init(directory)
    expect(readFileSync(join(directory, 'state', 'jobs'), 'utf8')).toBe('saved')
  })
})

describe('init in a place that takes no directories', () => {
  it.skipIf(process.platform !== 'linux')('says so and returns', async () => {
    await expect(init('/proc/tollbridge')).rejects.toMatchObject({ code: 'usage' })
  })
})

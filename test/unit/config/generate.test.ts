import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { buildExample } from '../../../src/config/example.js'
import { generatedFiles } from '../../../src/config/generate.js'
import { buildJsonSchema, type SettingSchema } from '../../../src/config/json-schema.js'
import { parseConfig } from '../../../src/config/parse.js'

const ROOT = new URL('../../../', import.meta.url)
const WALLET = `nostr+walletconnect://${'ab'.repeat(32)}?relay=wss://relay.example.com&secret=${'cd'.repeat(32)}`

const load = (text: string) =>
  parseConfig(text, {
    file: '/etc/bridge/tollbridge.yaml',
    readSecret: (reference) => ('file' in reference && reference.file.endsWith('.nwc') ? WALLET : '11'.repeat(32)),
    isFile: () => true,
  })

interface Setting {
  readonly name: string
  readonly schema: SettingSchema
}

/** Every setting, wherever it stands; without `branches`, none that stands within the braces of a choice. */
function allSettings(schema: SettingSchema, branches = true): Setting[] {
  const inner = [schema.items, schema.additionalProperties || undefined, ...((branches && schema.anyOf) || [])]
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => [
      { name, schema: child },
      ...allSettings(child, branches),
    ]),
    ...inner.flatMap((child) => (child ? allSettings(child, branches) : [])),
  ]
}

describe('what is generated', () => {
  it.each(Object.entries(generatedFiles()))('%s is as committed; else run npm run generate', (path, content) => {
    expect(readFileSync(new URL(path, ROOT), 'utf8')).toBe(content)
  })

  it('lets editors accept a group whose settings are all commented out', () => {
    const schema = JSON.parse(generatedFiles()['config/schema.json'] ?? '') as { properties: Record<string, unknown> }
    expect(schema.properties['jobs']).toMatchObject({ type: ['object', 'null'] })
    expect(schema.properties['relays']).toMatchObject({ type: 'object' })
  })
})

describe('every setting', () => {
  it.each(allSettings(buildJsonSchema()))('$name is described in one sentence', ({ schema }) => {
    expect(schema.description).toMatch(/^[A-Z].*[^.]\.$/)
    expect(schema.description).not.toContain('|')
  })

  it('of time or size has its unit in its name', () => {
    const timed = allSettings(buildJsonSchema()).filter(({ schema }) =>
      /\bin (milli)?seconds|in hours|in days|in bytes/.test(schema.description ?? ''),
    )
    expect(timed.length).toBeGreaterThan(10)
    for (const { name } of timed) expect(name).toMatch(/(Seconds|Ms|Hours|Days|Bytes)$/)
  })
})

describe('the example', () => {
  it('loads as it stands', () => {
    expect(isMalformed(load(buildExample()))).toBe(false)
  })

  it('is in effect the defaults', () => {
    const config = load(buildExample())
    const minimal = load(`key: { env: KEY }
relays: { read: [wss://relay.damus.io, wss://nos.lol] }
upstreams: [{ name: weather-api, origin: 'https://api.example.com', routes: [{ path: /v1/weather/*, maxSats: 1000 }] }]`)
    expect(config).toEqual(minimal)
  })

  it('still loads when every commented setting is uncommented', () => {
    const text = buildExample().replace(/^(\s*)#(?! )/gm, '$1')
    const config = load(text)
    if (isMalformed(config)) throw new Error(config.malformed)
    expect(config.upstreams[0]).toMatchObject({ merchantWallet: 'till', proxy: 'socks5://127.0.0.1:9050' })
    expect(text.split('\n').filter((line) => /^\s*#\S/.test(line))).toEqual([])
  })

  it('is commented in the words of the schema', () => {
    const words = buildExample().replace(/\n *#? */g, ' ')
    for (const { schema } of allSettings(buildJsonSchema(), false)) {
      expect(words).toContain(schema.description)
    }
  })
})

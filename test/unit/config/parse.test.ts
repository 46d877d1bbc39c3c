import { describe, expect, it } from 'vitest'
import { isMalformed, malformed } from '../../../src/core/identifiers.js'
import type { Config } from '../../../src/config/config.js'
import { parseRelayUrl } from '../../../src/nostr/relay-url.js'
import { parseConfig, type Surroundings } from '../../../src/config/parse.js'

const KEY = '11'.repeat(32)
const WALLET = `nostr+walletconnect://${'ab'.repeat(32)}?relay=wss%3A%2F%2Frelay.example.com&secret=${'cd'.repeat(32)}`

const surroundings: Surroundings = {
  file: '/etc/bridge/tollbridge.yaml',
  readSecret: (reference) => {
    if ('env' in reference) return reference.env === 'KEY' ? KEY : malformed(`names ${reference.env}, which is not set`)
    return reference.file.endsWith('.nwc') ? WALLET : KEY
  },
  isFile: (path) => path.endsWith('there.js'),
}

const MINIMAL = `
key: { file: ./tollbridge.key }
relays: { read: [wss://relay.example.com/] }
upstreams:
  - name: api
    origin: https://API.example.com:443/
    routes:
      - { path: /v1/*, maxSats: 10 }
`

function accept(text: string): Config {
  const config = parseConfig(text, surroundings)
  if (isMalformed(config)) throw new Error(config.malformed)
  return config
}

/** Every sentence, without the file's name. */
function refuse(text: string): string[] {
  const config = parseConfig(text, surroundings)
  if (!isMalformed(config)) throw new Error('accepted')
  return config.malformed.split('\n').map((sentence) => sentence.replace('/etc/bridge/tollbridge.yaml:', ''))
}

describe('a configuration that is right', () => {
  it('is resolved: defaults filled in, paths absolute, addresses normal, secrets read', () => {
    const config = accept(MINIMAL)
    expect(config.stateDirectory).toBe('/etc/bridge/state')
    expect(config.network).toBe('mainnet')
    expect(config.relays.read).toEqual([parseRelayUrl('wss://relay.example.com')])
    expect(config.relays.write).toEqual(config.relays.read)
    expect(config.key).toEqual({ type: 'secret', secretKey: Uint8Array.from(Buffer.from(KEY, 'hex')) })
    expect(config.pubkey).toMatch(/^[0-9a-f]{64}$/)
    expect(config.jobs.maxOpen).toBe(10_000)
    expect(config.publish.quorum).toBe(1)
    expect(config.announce.enabled).toBe(true)
    const [upstream] = config.upstreams
    expect(upstream).toMatchObject({ origin: 'https://api.example.com', maxResponseBytes: 49_152, payee: null })
    expect(upstream?.timeouts.totalMs).toBe(60_000)
    expect(upstream?.routes[0]).toMatchObject({ name: 'GET /v1/*', methods: ['GET'], minSats: 1, priceSats: null })
  })

  it('takes GET, HEAD, PUT and DELETE for repeatable unless a route says otherwise', () => {
    const route = (settings: string) =>
      accept(MINIMAL.replace('maxSats: 10', `maxSats: 10, ${settings}`)).upstreams[0]?.routes[0]?.idempotentMethods
    expect(route('methods: [GET, POST, DELETE, PATCH, PUT, HEAD]')).toEqual(['GET', 'HEAD', 'PUT', 'DELETE'])
    expect(route('methods: [GET], idempotent: false')).toEqual([])
    expect(route('methods: [POST], idempotent: true')).toEqual(['POST'])
  })

  it('keeps wallet URIs apart from the wallets', () => {
    const config = accept(`${MINIMAL}\nwallets: { till: { type: nwc, uri: { file: ./till.nwc } } }`)
    expect([...config.wallets]).toEqual([['till', { type: 'nwc', origin: null, certificate: null }]])
    expect(config.walletSecrets.get('till')).toBe(WALLET)
  })

  it('derives the largest answer from the largest event', () => {
    expect(accept(`${MINIMAL}\npublish: { maxEventBytes: 32768 }`).upstreams[0]?.maxResponseBytes).toBe(24_576)
  })

  it('counts a setting without a value as not set', () => {
    expect(accept(`${MINIMAL}\njobs:\nannounce:\n  name:\n`).announce.name).toBe('Tollbridge')
  })

  it('reads a secret from the environment', () => {
    expect(accept(MINIMAL.replace('{ file: ./tollbridge.key }', '{ env: KEY }')).pubkey).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('a configuration that is wrong', () => {
  it('tells everything that is wrong at once, in the order of the lines', () => {
    const sentences = refuse(`logLevel: loud
relays:
  read: [https://relay.example.com]
jobs: { maxOpenPerCustmer: 3 }
settlement: { lateHours: 300 }
upstreams:
  - name: api
    origin: http://10.0.0.7
    routes:
      - { path: /a, maxSats: 1, minSats: 5 }
`)
    expect(sentences).toEqual([
      '1: key is missing.',
      '1: logLevel must be debug, info, warn or error.',
      '3: relays.read[0] must be a relay URL such as wss://relay.example.com, without a password.',
      '4: jobs.maxOpenPerCustmer is not a setting: did you mean maxOpenPerCustomer?',
      '5: settlement.lateHours is 300, longer than reviveDays (7 days): lower it or raise reviveDays.',
      '8: upstreams[0].origin is plain http to another machine, and allowInsecure is false: use https, or set allowInsecure: true if the network between is yours.',
      '10: upstreams[0].routes[0].minSats is 5, above maxSats (1): lower minSats or raise maxSats.',
    ])
  })

  const ONE_FAULT: readonly [what: string, from: string | RegExp, to: string, sentence: RegExp][] = [
    ['names the group an unknown setting belongs to', 'key:', 'maxOpen: 5\nkey:', /maxOpen .* belongs under jobs/],
    [
      'names what is known where nothing is near',
      'key:',
      'qqqqqqqq: 5\nkey:',
      /known here are key, keyPassword, signerTimeoutSeconds, stateDirectory/,
    ],
    ['refuses names that objects inherit', 'key:', 'constructor: 5\nkey:', /constructor is not a setting/],
    ['refuses __proto__', 'key:', '__proto__: {}\nkey:', /not __proto__/],
    ['tells words from numbers', '/v1/*, maxSats: 10', '/v1/*, maxSats: "10"', /maxSats must be a whole number from 1/],
    ['tells fractions from whole numbers', 'maxSats: 10', 'maxSats: 1.5', /maxSats must be a whole number/],
    ['tells words from truth', 'maxSats: 10', 'maxSats: 10, gated: yes', /gated must be true or false/],
    ['tells numbers from text', 'name: api', 'name: 12', /name must be text \(put it in quotes/],
    ['tells a value from a group', 'relays: {', 'publish: 3\nrelays: {', /publish must be a group of settings/],
    ['tells a value from a list', 'read: [wss://relay.example.com/]', 'read: wss://a.b', /read must be a list/],
    ['wants a route', /routes:[^]*/, 'routes: []', /routes must have at least 1 entry/],
    ['refuses a path in an origin', 'com:443/', 'com/v1', /origin must be scheme, host and port only/],
    ['refuses a password in an origin', 'https://API', 'https://me:pw@API', /origin .* no password/],
    [
      'wants a proxy for an onion',
      'https://API.example.com:443/',
      'http://abc.onion',
      /onion address, and proxy is not set/,
    ],
    ['refuses ** before the end', '/v1/*', '/**/v1', /\*\* may only be the last/],
    ['refuses a path that climbs', '/v1/*', '/v1/../x', /must be a path/],
    ['refuses half a wildcard', '/v1/*', '/v1/a*', /\* stands for one whole segment/],
    ['refuses a query', '/v1/*', '/v1?a=b', /no query/],
    [
      'refuses to forward credentials',
      'origin:',
      'forwardHeaders: [authorization]\n    origin:',
      /customers may never set/,
    ],
    [
      'refuses an address that is not public',
      'origin:',
      'publicUrl: http://192.168.1.2\n    origin:',
      /the public can reach/,
    ],
    ['knows what a node id is', 'origin:', 'payee: 02AB\n    origin:', /66 lower-case hex digits/],
    ['names the nearest wallet', 'origin:', 'merchantWallet: til\n    origin:', /names til, which is not in wallets/],
    ['names a relay twice', 'read: [wss', 'read: [wss://a.b, wss://a.b, wss', /read\[1\] stands in this list twice/],
    [
      'refuses a quorum beyond the relays',
      'key:',
      'publish: { quorum: 2 }\nkey:',
      /quorum is 2, but relays.read has 1/,
    ],
    [
      'refuses an answer beyond the event',
      'origin:',
      'maxResponseBytes: 65536\n    origin:',
      /fit .* publish.maxEventBytes \(65536\)/,
    ],
    [
      'looks into the braces of exactPrice',
      'origin:',
      'exactPrice: { createInvoicePath: /x, priceSat: 1 }\n    origin:',
      /exactPrice.priceSat is not a setting: did you mean priceSats/,
    ],
    [
      'knows the words of exactPrice',
      'origin:',
      'exactPrice: on\n    origin:',
      /must be auto, off or \{ createInvoicePath: PATH \}/,
    ],
    [
      'looks for handler modules',
      'key:',
      'handlers: [./there.js, ./gone.js]\nkey:',
      /handlers\[1\] names \/etc\/bridge\/gone.js, which is not a file/,
    ],
    [
      'names an environment variable that is not set',
      '{ file: ./tollbridge.key }',
      '{ env: OTHER }',
      /key names OTHER, which is not set/,
    ],
    [
      'refuses a state directory too long for its socket',
      'key:',
      `stateDirectory: /${'x'.repeat(100)}\nkey:`,
      /too long for the control socket/,
    ],
    [
      'refuses an exact price above the cap',
      'maxSats: 10',
      'maxSats: 10, priceSats: 11',
      /priceSats is 11, above maxSats \(10\)/,
    ],
    [
      'refuses a route that would never be used',
      '- { path: /v1/*',
      '- { path: /v1/*, maxSats: 3, name: x }\n      - { path: /v1/*',
      /routes\[1\] has a method that routes\[0\] offers/,
    ],
    [
      'refuses two routes of one name',
      '- { path: /v1/*',
      '- { path: /v2, maxSats: 3, name: x }\n      - { name: x, path: /v1/*',
      /also the name of routes\[0\]/,
    ],
    [
      'wants a wallet to be a wallet',
      'key:',
      'wallets: { till: { type: nwc, uri: { file: ./some.key } } }\nkey:',
      /wallets.till.uri must hold a wallet connection: the whole address that the wallet shows/,
    ],
  ]
  it.each(ONE_FAULT)('%s', (_what, from, to, sentence) => {
    const sentences = refuse(MINIMAL.replace(from, to))
    expect(sentences).toHaveLength(1)
    expect(sentences[0]).toMatch(sentence)
  })

  it('refuses to wrap with a wallet that never holds', () => {
    const type = 'phoenixd'
    const wallets = `wallets: { till: { type: ${type}, url: "http://127.0.0.1:1", credential: { file: ./till.key } } }`
    const upstream = MINIMAL.replace('origin:', 'wallet: till\n    mode: wrap\n    origin:')
    expect(refuse(`${wallets}\n${upstream}`)).toEqual([
      expect.stringMatching(`mode is wrap, and wallet till is of type ${type}, which cannot hold.*or set mode: resell`),
    ])
  })

  it('says of a wallet what its address is, and nothing of routes', () => {
    const wallets =
      'wallets: { till: { type: lnd, url: "https://127.0.0.1:8080/v1", credential: { file: ./till.key } } }'
    const [sentence = ''] = refuse(`${wallets}\n${MINIMAL}`)
    expect(sentence).toMatch(/wallets.till.url must be scheme, host and port only/)
    expect(sentence).not.toMatch(/routes|hidden/)
  })

  it('tells of no more faults than anyone would read', () => {
    const unknown = Array.from({ length: 5000 }, (_, index) => `unknown${index}: 1`).join('\n')
    const sentences = refuse(MINIMAL + unknown)
    expect(sentences).toHaveLength(101)
    expect(sentences.at(-1)).toMatch(/there is more/)
  })

  it('refuses two upstreams of one name', () => {
    const [, upstream] = MINIMAL.split('upstreams:\n')
    expect(refuse(MINIMAL + (upstream ?? ''))).toEqual([
      '9: upstreams[1].name is also the name of upstreams[0]: give each upstream a name of its own.',
    ])
  })
})

describe('a secret written into the configuration', () => {
  const SECRETS = {
    'a key': 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5',
    'a key in hex': KEY,
    'a wallet URI': WALLET,
  }
  const PLACES = [
    (secret: string) => MINIMAL.replace('{ file: ./tollbridge.key }', `'${secret}'`),
    (secret: string) => MINIMAL.replace('./tollbridge.key', `'${secret}'`) + 'broken: 1',
    (secret: string) => MINIMAL.replace('{ file: ./tollbridge.key }', `{ env: '${secret}' }`),
    (secret: string) => `${MINIMAL}\n'${secret}': 1`,
    (secret: string) => `${MINIMAL}\nwallets: { till: { type: nwc, uri: '${secret}' } }`,
    (secret: string) => `${MINIMAL}\nwallets: { '${secret}': 1 }`,
    (secret: string) => `${MINIMAL}\nlogLevel: '${secret}'`,
    (secret: string) => `${MINIMAL}\nkey: [ '${secret}' : : ${secret}`,
    (secret: string) => `${MINIMAL}\nhandlers: ['${secret}']`,
    (secret: string) => MINIMAL.replace('name: api', `name: api\n    merchantWallet: '${secret}'`),
  ]
  it.each(Object.entries(SECRETS))('is refused wherever it stands, and never repeated: %s', (_what, secret) => {
    for (const place of PLACES) {
      const said = refuse(place(secret)).join('\n')
      expect(said).not.toContain(secret)
      expect(said).not.toContain(secret.slice(-20))
    }
  })
})

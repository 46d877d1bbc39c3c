/** Does each setting of how an upstream is paid arrive in core terms, in the unit that is reckoned in there? */
import { describe, expect, it } from 'vitest'
import type { Upstream } from '../../../src/core/route.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseConfig } from '../../../src/config/parse.js'
import { upstreamOf } from '../../../src/wiring/upstreams.js'
import { PURCHASE_TERMS } from '../../support/purchase-terms.js'

function upstreamWith(settings: object): Upstream {
  const config = parseConfig(
    JSON.stringify({
      key: { env: 'KEY' },
      relays: { read: ['wss://relay.example.com/'] },
      wallets: { till: { type: 'phoenixd', url: 'http://127.0.0.1:9740', credential: { env: 'PASSWORD' } } },
      upstreams: [
        { name: 'api', origin: 'https://api.example.com', routes: [{ path: '/v1/*', maxSats: 10 }], ...settings },
      ],
    }),
    { file: '/etc/tollbridge.yaml', readSecret: () => '11'.repeat(32), isFile: () => true },
  )
  if (isMalformed(config)) throw new Error(config.malformed)
  const [upstream] = config.upstreams.map(upstreamOf)
  if (!upstream) throw new Error('no upstream')
  return upstream
}

describe('an upstream of the configuration', () => {
  it('is paid on the terms that are written where nothing is set', () => {
    const { mode, wallet, scheme, terms } = upstreamWith({})
    expect({ mode, wallet, scheme, terms }).toEqual({
      mode: 'auto',
      wallet: null,
      scheme: 'auto',
      terms: PURCHASE_TERMS,
    })
  })

  it('brings every setting of its payment into msat, milliseconds and blocks', () => {
    const { mode, wallet, scheme, creditMs, terms } = upstreamWith({
      mode: 'resell',
      wallet: 'till',
      scheme: 'payment',
      creditDays: 3,
      markup: { msat: 1, ppm: 2 },
      fees: { ppm: 3, minSats: 4 },
      wrap: {
        settle: 'on-result',
        maxHoldSeconds: 50,
        trusted: true,
        maxUntrustedSats: 6,
        maxHolds: 7,
        maxUnderWay: 8,
        maxExpirySeconds: 90,
        bufferSeconds: 31,
        marginBlocks: 41,
        maxDelayBlocks: 101,
      },
      resell: {
        enabled: true,
        maxSats: 12,
        windowHours: 13,
        maxWindowSats: 14,
        maxLiabilitySats: 15,
        bufferSeconds: 32,
        zaps: false,
      },
    })
    expect({ mode, wallet, scheme, creditMs }).toEqual({
      mode: 'resell',
      wallet: 'till',
      scheme: 'payment',
      creditMs: 3 * 86_400_000,
    })
    expect(terms).toEqual({
      markupMsat: 1,
      markupPpm: 2,
      feePpm: 3,
      minFeeMsat: 4_000,
      wrap: {
        settle: 'on-result',
        maxHoldMs: 50_000,
        trusted: true,
        maxUntrustedMsat: 6_000,
        maxHolds: 7,
        maxUnderWay: 8,
        maxExpirySeconds: 90,
        bufferSeconds: 31,
        marginBlocks: 41,
        maxDelayBlocks: 101,
      },
      resell: {
        enabled: true,
        maxMsat: 12_000,
        windowMs: 13 * 3_600_000,
        maxWindowMsat: 14_000,
        maxLiabilityMsat: 15_000,
        bufferSeconds: 32,
        zaps: false,
      },
    })
  })
})

/** What is told to those who were not served, and to everybody who looks for a service? */
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../../../src/core/identifiers.js'
import type { Msat } from '../../../../src/core/money.js'
import { buildHandlerInformation, buildPaidService, buildRetirement } from '../../../../src/nostr/kinds/announcement.js'
import { buildProfile } from '../../../../src/nostr/kinds/profile.js'
import { handoverPlaintext } from '../../../../src/nostr/kinds/credential-handover.js'
import { PROVIDER } from '../../../support/sign-jobs.js'
import { paymentHashOf, preimageOf } from '../../../support/watch-targets.js'

const JOB = 'a'.repeat(64) as EventId

describe('what else is said', () => {
  it('holds the credential ready to send', () => {
    const handover = { jobId: JOB, url: null, method: 'GET', target: '/x', scheme: 'LSAT', token: 't' } as const
    const key = { kind: 'preimage', value: preimageOf(1) } as const
    const plaintext: unknown = JSON.parse(handoverPlaintext({ ...handover, key, paymentHash: paymentHashOf(1) }))
    expect(plaintext).toMatchObject({ authorization: `LSAT t:${preimageOf(1)}`, preimage: preimageOf(1) })
  })

  it('announces prices in whole sats, and only public addresses', () => {
    const capability = { name: 'joke', description: null, methods: ['GET'], pattern: '/joke', maxMsat: 20_001 as Msat }
    const facts = { identifier: 'd', name: 'n', about: 'a', picture: null, topics: ['t'], kinds: [5800], createdAt: 5 }
    const capabilities = [
      { ...capability, priceMsat: null },
      { ...capability, priceMsat: 1_000 as Msat },
    ]
    const params = { city: { required: true, values: [] } }
    const announcement = { ...facts, urls: ['https://api.test'], capabilities, params, encryption: true }
    const { pricing } = JSON.parse(buildHandlerInformation(announcement).content) as { pricing: object[] }
    expect(pricing).toMatchObject([{ price: 21, atMost: true }, { price: 1 }])
    expect(buildPaidService(announcement)?.tags).toContainEqual(['price', 'joke', '21', 'sats'])
    expect(buildPaidService({ ...announcement, urls: [] })).toBeNull()
    expect(JSON.parse(buildHandlerInformation(announcement).content)).toMatchObject({
      encryptionSupported: true,
      nip90Params: { ...params, settlement: { required: false, values: ['proof'] } },
    })
  })

  it.each([
    ['one price', [1_000, 1_000], '1000'],
    ['no price', [0], 'free'],
    ['several', [1_000, 2_000], undefined],
    ['one that is not known', [1_000, null], undefined],
  ])('tells the amount of a service of %s', (_what, prices, amount) => {
    const capability = { name: 'joke', description: null, methods: ['GET'], pattern: '/joke', maxMsat: 5_000 as Msat }
    const capabilities = prices.map((price) => ({ ...capability, priceMsat: price as Msat | null }))
    const facts = { identifier: 'd', name: 'n', about: 'a', picture: null, topics: [], kinds: [5800], createdAt: 5 }
    const template = buildHandlerInformation({ ...facts, urls: [], capabilities, params: {}, encryption: false })
    expect((JSON.parse(template.content) as { amount?: string }).amount).toBe(amount)
  })

  it('takes back every address by kind and identifier, which may hold a colon', () => {
    const { tags } = buildRetirement(PROVIDER, ['31990:d', '31402:a:b', '11998:'], 5)
    expect(tags).toEqual([
      ['a', `31990:${PROVIDER}:d`],
      ['a', `31402:${PROVIDER}:a:b`],
      ['a', `11998:${PROVIDER}:`],
      ['k', '31990'],
      ['k', '31402'],
      ['k', '11998'],
    ])
  })

  it('says in the profile that it is a bot, and of money only what the operator gave', () => {
    const profile = { name: 'n', about: 'a', picture: null, website: null, nip05: 'api@example.com', lud16: null }
    expect(JSON.parse(buildProfile(profile, 5).content)).toEqual({
      name: 'n',
      about: 'a',
      nip05: 'api@example.com',
      bot: true,
    })
  })
})

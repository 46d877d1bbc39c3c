/** What is told to those who were not served, and to everybody who looks for a service? */
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../../../src/core/identifiers.js'
import type { Msat } from '../../../../src/core/money.js'
import { buildHandlerInformation, buildPaidService, buildRetirement } from '../../../../src/nostr/kinds/announcement.js'
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
    const announcement = { ...facts, urls: ['https://api.test'], capabilities }
    const { pricing } = JSON.parse(buildHandlerInformation(announcement).content) as { pricing: object[] }
    expect(pricing).toMatchObject([{ price: 21, atMost: true }, { price: 1 }])
    expect(buildPaidService(announcement)?.tags).toContainEqual(['price', 'joke', '21', 'sats'])
    expect(buildPaidService({ ...announcement, urls: [] })).toBeNull()
    expect(buildRetirement(PROVIDER, 'd', 5).tags.filter(([name]) => name === 'a')).toEqual([
      ['a', `31990:${PROVIDER}:d`],
      ['a', `31402:${PROVIDER}:d`],
    ])
  })
})

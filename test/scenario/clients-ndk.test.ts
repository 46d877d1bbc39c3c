/** Do NDK's own NIP-90 classes drive the bridge, in the open and encrypted? */
import { afterEach, describe, expect, it } from 'vitest'
import { startBridge, type Bridge } from '../support/bridge.js'
import { createNdkClient, type NdkClient } from '../support/ndk-client.js'

let bridge: Bridge
let client: NdkClient
afterEach(async () => {
  client.stop()
  await bridge.stop()
})

async function open(): Promise<void> {
  bridge = await startBridge()
  client = await createNdkClient(bridge.relay.url, bridge.daemon.pubkey)
}

async function payAndRead(jobId: string) {
  const offer = await client.feedback(jobId, 'payment-required')
  const [, amount, bolt11 = ''] = offer.tags.find(([name]) => name === 'amount') ?? []
  await bridge.pay(bolt11)
  return { offer, amount: Number(amount), result: await client.result(jobId) }
}

describe('NDKDVMRequest', () => {
  it('in the open: NDKDVMJobFeedback shows the invoice, NDKDVMJobResult the answer and the job', async () => {
    await open()
    const { id } = await client.publishJob({ path: '/joke' }, { inputs: ['for Ada'] })
    const { amount, result } = await payAndRead(id)
    expect(amount).toBeGreaterThan(0)
    expect(JSON.parse(result.result ?? '')).toHaveProperty('joke')
    expect(result.jobRequestId).toBe(id)
    expect(result.tags).toContainEqual(['i', 'for Ada', 'text'])
  })

  for (const scheme of ['nip44', 'nip04'] as const) {
    it(`with encryption() in ${scheme}: NDK reads the invoice out of the feedback, and decrypts the result`, async () => {
      await open()
      const { id } = await client.publishJob(
        { path: '/joke' },
        { encrypt: scheme, inputs: ['for Ada'], bid: 9_000_000 },
      )
      const { offer, amount, result } = await payAndRead(id)
      expect(offer.encrypted).toBe(true)
      expect(amount).toBeGreaterThan(0)
      expect(JSON.parse(result.content)).toHaveProperty('joke')
      // What anybody sees of it: whose it is, and nothing of what was asked, paid or answered.
      const seen = client.heard(id).map((event) => event.rawEvent())
      for (const { kind, tags } of [...bridge.relay.events()].filter(({ tags }) => tags.some(([, v]) => v === id))) {
        const names = tags.map(([name]) => name)
        if (kind === 7000)
          expect(new Set(names)).toEqual(new Set(['e', 'p', 'encrypted', ...names.filter((n) => n === 'expiration')]))
        if (kind === 6800) expect(names).not.toContain('i')
        if (kind === 6800) expect(names).not.toContain('amount')
      }
      const published = [...bridge.relay.events()].filter(({ kind }) => kind === 7000 || kind === 6800)
      expect(seen.length).toBeGreaterThanOrEqual(2)
      expect(published.every(({ content }) => content.includes('?iv=') === (scheme === 'nip04'))).toBe(true)
      expect(JSON.stringify(published)).not.toContain('Ada')
    })

    it(`with encryption() in ${scheme}: a bid that is too low is refused inside, with the price`, async () => {
      await open()
      const { id } = await client.publishJob({ path: '/joke' }, { encrypt: scheme, bid: 1 })
      const error = await client.feedback(id, 'error')
      expect(error.tags.find(([name]) => name === 'status')?.[2]).toBe('price-exceeds-bid')
      expect(bridge.gateway.counters.chargesSettled).toBe(0)
    })
  }
})

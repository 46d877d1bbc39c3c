/** How often is our own Lightning address asked who signs for it, when anybody can send receipts? */
import { describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.js'
import type { EventId } from '../../../src/core/identifiers.js'
import type { Adapters } from '../../../src/wiring/adapters.js'
import { openZaps } from '../../../src/wiring/zaps.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { customerPubkey, signAs } from '../../support/sign-jobs.js'
import { createLogRecorder } from '../../support/store-parts.js'
import { createTargets } from '../../support/watch-targets.js'

const JOB = 'ab'.repeat(32) as EventId

function open() {
  const clock = createFakeClock()
  const asked: string[] = []
  const web = {
    async send({ url }: { url: string }) {
      asked.push(url)
      await settled()
      return { type: 'failed', reason: 'no answer' }
    },
  }
  const config = { announce: { lud16: 'till@example.com' }, upstreams: [{ resell: { enabled: true, zaps: true } }] }
  const store = { live: () => [], has: () => true, get: () => undefined, hasPaymentHash: () => false }
  const adapters = {
    wallets: new Map(),
    store,
    clock,
    log: createLogRecorder(),
    web,
    signer: { pubkey: customerPubkey(9) },
  }
  const zaps = openZaps(
    config as unknown as Config,
    adapters as unknown as Adapters,
    createTargets(),
    async () => undefined,
  )
  return { clock, asked, zaps }
}

describe('our own address', () => {
  it('is asked once for a hundred receipts at a time, also while it does not answer', async () => {
    const { clock, asked, zaps } = open()
    for (let number = 0; number < 100; number += 1) {
      zaps?.receive(signAs(1, { kind: 9735, tags: [['e', JOB]], content: String(number) }))
    }
    for (let turn = 0; turn < 10; turn += 1) await settled()
    expect(asked).toHaveLength(1)
    await clock.advance(5_000)
    for (let turn = 0; turn < 10; turn += 1) await settled()
    expect(asked.length).toBeLessThanOrEqual(3)
    zaps?.stop()
  })
})

/** Does the first key that fits win, whoever brings it, and does nothing else count as paid? */
import { describe, expect, it } from 'vitest'
import { isRejection } from '../../../src/core/errors.js'
import type { WalletMethod } from '../../../src/ports.js'
import { chooseSources } from '../../../src/settlement/choose.js'
import { explainPath } from '../../../src/settlement/explain.js'
import type { Msat } from '../../../src/core/money.js'
import { NO_PURSE } from '../../support/purchase-terms.js'
import { createSettlementWatch, type Found, type PreimageSource, type Targets } from '../../../src/settlement/watch.js'
import { createLogRecorder } from '../../support/store-parts.js'
import { paymentHashOf, preimageOf, targetNumber } from '../../support/watch-targets.js'

function createWorld() {
  const [heard, foundJobs] = [[] as string[], [] as string[]]
  let targets: Targets | undefined
  const source: PreimageSource = {
    name: 'merchantWallet',
    watch: ({ jobId, pace }) => void heard.push(`watch ${Number(`0x${jobId}`)} ${pace}`),
    unwatch: (hash) => void heard.push(`unwatch ${hash === paymentHashOf(1) ? 1 : 2}`),
    stop: () => void heard.push('stop'),
  }
  const log = createLogRecorder()
  const watch = createSettlementWatch({
    sources: (given) => {
      targets = given
      return [source]
    },
    onFound: (jobId) => void foundJobs.push(jobId),
    log,
  })
  const report = (number: number, found: Found) => targets?.report(paymentHashOf(number), found)
  return { watch, report, heard, foundJobs, log, targets: () => targets }
}
const key = (number: number) => ({ kind: 'preimage', value: preimageOf(number) }) as const
const suffix = { kind: 'suffix', value: 'suffix-of-a-token' as never } as const

describe('the watch', () => {
  it('takes the first key that fits, once, and ends the search', () => {
    const { watch, report, heard, foundJobs } = createWorld()
    watch.watch(targetNumber(1))
    report(1, { key: key(1), source: 'customerProof' })
    report(1, { key: key(1), source: 'merchantWallet' })
    expect(watch.foundFor(paymentHashOf(1))?.source).toBe('customerProof')
    expect([foundJobs.length, heard]).toEqual([1, ['watch 1 open', 'unwatch 1']])
  })

  it('drops a key that does not fit, and goes on', () => {
    const { watch, report, foundJobs, log } = createWorld()
    watch.watch(targetNumber(1))
    report(1, { key: key(2), source: 'statusEndpoint' })
    expect([watch.foundFor(paymentHashOf(1)), foundJobs.length, log.entries.length]).toEqual([undefined, 0, 1])
    expect(JSON.stringify(log.entries)).not.toContain(preimageOf(2))
    report(1, { key: key(1), source: 'merchantWallet' })
    expect(foundJobs).toHaveLength(1)
  })

  it.each(['holdInvoice', 'ownInvoice'] as const)('believes nobody but the wallet of our own %s', (source) => {
    const { watch, report, foundJobs } = createWorld()
    watch.watch(targetNumber(1, { sources: [source], ownWallet: 'purse' }))
    for (const other of ['customerProof', 'merchantWallet', 'statusEndpoint'] as const) {
      report(1, { key: key(1), source: other })
    }
    expect([watch.foundFor(paymentHashOf(1)), foundJobs.length]).toEqual([undefined, 0])
    const hold = { amountMsat: 21_000 as Msat, settleDeadline: null, blockHeight: null }
    report(1, source === 'holdInvoice' ? { source, hold } : { source, key: key(1) })
    expect([watch.foundFor(paymentHashOf(1))?.source, foundJobs.length]).toEqual([source, 1])
  })

  it.each([
    ['statusEndpoint', true],
    ['merchantWallet', false],
    ['customerProof', false],
  ] as const)('takes a suffix from %s: %s', (source, taken) => {
    const { watch, report } = createWorld()
    watch.watch(targetNumber(1))
    report(1, { key: suffix, source })
    expect(watch.foundFor(paymentHashOf(1)) !== undefined).toBe(taken)
  })

  it('tells its sources of a changed pace, and of nothing that they know', () => {
    const { watch, heard } = createWorld()
    watch.watch(targetNumber(1))
    watch.watch(targetNumber(1))
    watch.watch(targetNumber(1, { pace: 'late' }))
    expect(heard).toEqual(['watch 1 open', 'watch 1 late'])
  })

  it('looks no further for what is found while the job has not taken it', () => {
    const { watch, report, heard } = createWorld()
    watch.watch(targetNumber(1))
    report(1, { key: key(1), source: 'merchantWallet' })
    watch.watch(targetNumber(1, { pace: 'late' }))
    expect(heard).toEqual(['watch 1 open', 'unwatch 1'])
    expect(watch.foundFor(paymentHashOf(1))).toBeDefined()
  })

  it('forgets a job entirely, and hears nothing of it afterwards', () => {
    const { watch, report, foundJobs, targets } = createWorld()
    watch.watch(targetNumber(1))
    watch.unwatch(targetNumber(1))
    report(1, { key: key(1), source: 'merchantWallet' })
    expect([watch.isWatched(paymentHashOf(1)), foundJobs.length, watch.size]).toEqual([false, 0, 0])
    expect([targets()?.byJob(targetNumber(1).jobId), targets()?.byHash(paymentHashOf(1))]).toEqual([
      undefined,
      undefined,
    ])
  })
})

describe('the settlement path', () => {
  const means = (
    wallet: readonly WalletMethod[] | null,
    statusUrl: string | null,
    proofPromised: boolean,
    on = true,
  ) => ({
    upstream: { ...NO_PURSE, statusEndpoint: on, merchantWallet: wallet ? 'till' : null },
    payer: null,
    invoice: { payee: '02'.padEnd(66, 'a'), amountMsat: 21_000 as Msat },
    challenge: { statusUrl },
    walletMethods: wallet && new Set(wallet),
    proofPromised,
  })
  it.each([
    ['all of them', means(['listIncoming'], '/s', true), ['merchantWallet', 'statusEndpoint', 'customerProof']],
    ['a wallet that looks up', means(['lookupInvoice'], null, false), ['merchantWallet']],
    ['a wallet that only pays', means(['payInvoice', 'getInfo'], null, false), null],
    ['a wallet that only pushes', means(['onSettled'], null, false), null],
    ['a status endpoint', means(null, '/s', false), ['statusEndpoint']],
    ['a status endpoint that is switched off', means(null, '/s', false, false), null],
    ['a promise', means(null, null, true), ['customerProof']],
    ['nothing', means(null, null, false), null],
  ])('of %s', (_, given, expected) => {
    const chosen = chooseSources(given)
    expect(isRejection(chosen) ? chosen.rejected : chosen).toEqual(expected ?? 'no-settlement-path')
    const explained = explainPath(given)
    expect(explained).toMatch(/^[A-Z].*\.$/)
  })
})

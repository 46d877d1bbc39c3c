/** Which way does the money go, and is the operator told why? Over what a wallet, a 402 and the configuration can be. */
import { describe, expect, it } from 'vitest'
import { isRejection } from '../../../src/core/errors.js'
import type { Msat } from '../../../src/core/money.js'
import type { WalletMethod } from '../../../src/ports.js'
import { choosePath, needsPayer, type Payer, type SettlementMeans } from '../../../src/settlement/choose.js'
import { explainPath } from '../../../src/settlement/explain.js'
import { PURCHASE_TERMS } from '../../support/purchase-terms.js'
import { PURSE_METHODS } from '../../support/scripted-purse.js'

const NODE = '02'.padEnd(66, 'a')
const payerWith = (changes: Partial<Payer> = {}, without: readonly WalletMethod[] = []): Payer => ({
  name: 'purse',
  methods: new Set(PURSE_METHODS.filter((method) => !without.includes(method))),
  limits: new Set(['fee', 'delay']),
  info: { nodeId: '03'.padEnd(66, 'b'), backend: 'lnd' },
  ...changes,
})
type Upstream = SettlementMeans['upstream']
const means = (upstream: Partial<Upstream> = {}, changes: Partial<SettlementMeans> = {}): SettlementMeans => ({
  upstream: {
    ...{ statusEndpoint: true, merchantWallet: null, mode: 'auto', wallet: 'purse', terms: PURCHASE_TERMS },
    ...upstream,
  },
  payer: payerWith(),
  invoice: { payee: NODE, amountMsat: 21_000 as Msat },
  challenge: { statusUrl: null },
  walletMethods: null,
  proofPromised: false,
  ...changes,
})
const pathOf = (given: SettlementMeans): string => {
  const path = choosePath(given)
  if (isRejection(path)) return path.rejected
  return path.mode === 'passthrough' ? `passthrough by ${path.sources.join(', ')}` : path.mode
}
const RESOLD = { ...PURCHASE_TERMS, resell: { ...PURCHASE_TERMS.resell, enabled: true } }
const TILL = new Set<WalletMethod>(['lookupInvoice'])
const cannotHold = { payer: payerWith({}, ['makeHoldInvoice']) }

describe('with mode auto', () => {
  it.each<[string, string, SettlementMeans]>([
    ['the merchant wallet comes first', 'passthrough by merchantWallet', means({}, { walletMethods: TILL })],
    ['then the status endpoint', 'passthrough by statusEndpoint', means({}, { challenge: { statusUrl: '/s' } })],
    ['then a hold invoice', 'wrap', means()],
    ['before the promise of a proof', 'wrap', means({}, { proofPromised: true })],
    [
      'which counts where nothing can be held',
      'passthrough by customerProof',
      means({}, { ...cannotHold, proofPromised: true }),
    ],
    [
      'and comes before resale',
      'passthrough by customerProof',
      means({ terms: RESOLD }, { ...cannotHold, proofPromised: true }),
    ],
    ['resale is the last', 'resell', means({ terms: RESOLD }, cannotHold)],
    ['and off unless it is asked for', 'no-settlement-path', means({}, cannotHold)],
    ['without a wallet nothing is bought', 'no-settlement-path', means({ wallet: null }, { payer: null })],
  ])('%s: %s', (_what, path, given) => {
    expect(pathOf(given)).toBe(path)
  })
})

describe('what the operator has chosen', () => {
  it.each<[string, Partial<Upstream>, string]>([
    ['passthrough', { mode: 'passthrough' }, 'no-settlement-path'],
    ['wrap', { mode: 'wrap', statusEndpoint: true }, 'wrap'],
    ['resell', { mode: 'resell', terms: RESOLD }, 'resell'],
  ])('%s is taken, or refused', (_mode, upstream, path) => {
    expect(pathOf(means(upstream))).toBe(path)
  })

  it('asks our own wallet only where it is needed', () => {
    expect(needsPayer(means())).toBe(true)
    expect(needsPayer(means({}, { proofPromised: true }))).toBe(true)
    expect(needsPayer(means({ mode: 'wrap' }, { walletMethods: TILL }))).toBe(true)
    expect(needsPayer(means({}, { walletMethods: TILL }))).toBe(false)
    expect(needsPayer(means({ mode: 'passthrough' }))).toBe(false)
    expect(needsPayer(means({ wallet: null }))).toBe(false)
  })
})

const wrap = (changes: Partial<typeof PURCHASE_TERMS.wrap>) => ({
  terms: { ...PURCHASE_TERMS, wrap: { ...PURCHASE_TERMS.wrap, ...changes } },
})
const unlimited = { payer: payerWith({ limits: new Set() }) }

describe('a hold invoice', () => {
  it.each<[string, SettlementMeans, string]>([
    ['there is no wallet', means({ wallet: null }, { payer: null }), 'no wallet to wrap with'],
    ['the wallet cannot hold', means({}, cannotHold), 'wallet purse does not offer makeHoldInvoice'],
    ['the wallet is silent', means({}, { payer: payerWith({ methods: new Set() }) }), 'wallet purse does not answer.'],
    ['it is LDK', means({}, { payer: payerWith({ info: { nodeId: null, backend: 'ldk' } }) }), 'is LDK'],
    [
      'each of its invoices gives too few blocks',
      means(
        {},
        {
          payer: payerWith({ info: { nodeId: null, backend: 'cln', holdBlocks: 80 } }),
          invoice: { payee: NODE, amountMsat: 21_000 as Msat, minFinalCltv: 18 },
        },
      ),
      'holds a payment for 80 blocks, and at least 99 are needed here',
    ],
    [
      'it is the node of the upstream',
      means({}, { payer: payerWith({ info: { nodeId: NODE, backend: null } }) }),
      'is the node of the upstream itself',
    ],
    [
      'nobody limits the delay and the price is high',
      means(wrap({ maxUntrustedMsat: 20_999 as Msat }), unlimited),
      'cannot limit the delay',
    ],
  ])('is not possible, with the reason, where %s', (_what, given, reason) => {
    expect(pathOf(given)).toBe('no-settlement-path')
    expect(explainPath(given)).toContain(`A hold invoice is not possible: `)
    expect(explainPath(given)).toContain(reason)
  })

  it.each<[string, SettlementMeans]>([
    ['the price is small', means(wrap({ maxUntrustedMsat: 21_000 as Msat }), unlimited)],
    ['the upstream is trusted', means(wrap({ maxUntrustedMsat: 0 as Msat, trusted: true }), unlimited)],
    ['nobody tells whose node it is', means({}, { payer: payerWith({ info: { nodeId: null, backend: null } }) })],
  ])('is possible where %s', (_what, given) => {
    expect(pathOf(given)).toBe('wrap')
  })
})

describe('the paragraph of check', () => {
  it('says what a customer pays, and for what', () => {
    expect(explainPath(means())).toBe(
      'No merchant wallet is configured. The 402 names no status endpoint on its own origin. ' +
        "Wrap is possible: the wallet holds the customer's payment (a hold invoice) until the API is paid. " +
        'Resale is not possible: resale is off. Settlement path: wrap with the wallet "purse". ' +
        'A customer pays 31 sats, of which 10 are for routing fees.',
    )
  })

  it.each<[Partial<Upstream>, string, string]>([
    [{ mode: 'wrap' }, 'Wrap is possible', 'Resale'],
    [{ mode: 'resell', terms: RESOLD }, 'Resale is on: customers pay you', 'hold invoice'],
    [{ terms: RESOLD }, 'for what no other way completes', 'is not possible'],
  ])('speaks of what the mode leaves open: %j', (upstream, said, unsaid) => {
    const paragraph = explainPath(means(upstream))
    expect(paragraph).toContain(said)
    expect(paragraph).not.toContain(unsaid)
  })

  it('warns of fees that the wallet may pay beyond what is charged', () => {
    const lean = { terms: { ...PURCHASE_TERMS, feePpm: 0, minFeeMsat: 1_000 as Msat } }
    expect(explainPath(means(lean))).not.toContain('raise fees')
    expect(explainPath(means(lean, unlimited))).toContain('which may be 10 sats: raise fees')
  })
})

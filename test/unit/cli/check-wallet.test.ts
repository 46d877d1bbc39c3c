/** Is an operator told that a credential can do more than it needs to, and which one is enough? */
import { describe, expect, it } from 'vitest'
import { checkWallet } from '../../../src/cli/check-wallet.js'
import { leastCredential, neededOf } from '../../../src/cli/wallet-needs.js'
import type { Config } from '../../../src/config/config.js'
import type { Excess, Wallet, WalletMethod } from '../../../src/ports.js'
import { unsupportedBy } from '../../../src/wallets/unsupported.js'

const upstream = (given: object) => ({
  mode: 'auto',
  merchantWallet: null,
  wallet: null,
  resell: { enabled: false },
  ...given,
})
const configOf = (type: string, ...upstreams: object[]) =>
  ({
    network: 'regtest',
    upstreams: upstreams.map(upstream),
    wallets: new Map([['till', { type, origin: null, certificate: null }]]),
  }) as unknown as Config

const walletOf = (excess: readonly Excess[], methods: readonly WalletMethod[] = ['lookupInvoice']) => {
  const asked: ReadonlySet<WalletMethod>[] = []
  const wallet = {
    ...unsupportedBy('till'),
    name: 'till',
    methods: new Set(methods),
    start: async () => undefined,
    excessOver: async (needed: ReadonlySet<WalletMethod>) => {
      asked.push(needed)
      return excess
    },
  } as unknown as Wallet
  return { wallet, asked }
}

describe('check of a wallet', () => {
  it('warns beside the verdict, which stays ok', async () => {
    const { wallet } = walletOf(['pay invoices', 'make other runes'])
    const findings = await checkWallet('till', wallet, configOf('cln', { merchantWallet: 'till' }))
    expect(findings.map(({ verdict, warning = false }) => [verdict, warning])).toEqual([
      ['ok', false],
      ['ok', true],
    ])
    expect(findings[1]?.says).toMatch(
      /it can pay invoices; make other runes\. Make a rune for no more: lightning-cli createrune/,
    )
    expect(findings[1]?.says).toContain('"method=listinvoices"')
    expect(findings[1]?.says).not.toContain('pay"')
  })

  it('says nothing more of a credential that can do what is needed', async () => {
    const { wallet } = walletOf([])
    expect(await checkWallet('till', wallet, configOf('nwc', { merchantWallet: 'till' }))).toHaveLength(1)
  })

  it('asks beyond what its own upstreams need, in the modes that they may use', () => {
    const needs = (given: object): WalletMethod[] => [...neededOf(configOf('lnd', given), 'till')]
    expect(needs({ merchantWallet: 'till' })).not.toContain('payInvoice')
    expect(needs({ merchantWallet: 'other', wallet: 'other' })).toEqual([])
    expect(needs({ wallet: 'till', mode: 'passthrough' })).toEqual([])
    expect(needs({ wallet: 'till', mode: 'wrap' })).toEqual(expect.arrayContaining(['payInvoice', 'makeHoldInvoice']))
    expect(needs({ wallet: 'till' })).not.toContain('makeInvoice')
    expect(needs({ wallet: 'till', resell: { enabled: true } })).toContain('makeInvoice')
    expect(needs({ wallet: 'till', mode: 'resell' })).not.toContain('makeHoldInvoice')
  })

  it.each([
    ['phoenixd', /http-password-limited-access/],
    ['lnbits', /invoice key/],
    ['nwc', /only reads/],
    ['lnd', /macaroon/],
    ['cln', /createrune/],
  ] as const)('names what is enough for %s', (type, words) => {
    expect(leastCredential(type, new Set(['lookupInvoice']))).toMatch(words)
  })
})

/** Is what a wallet can do read from its info event? */
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { WalletMethod } from '../../../src/ports.js'
import { excessOf, parseInfoEvent } from '../../../src/wallets/nwc-abilities.js'
import { parseBackend, parseNetwork } from '../../../src/wallets/wallet-info.js'
import { shapeEvent } from '../../support/pool-fixture.js'

const info = (content: string, ...tags: string[][]) => parseInfoEvent(shapeEvent({ kind: 13194, content, tags }))

describe('the info event of a wallet', () => {
  it('names what a settlement path may need', () => {
    const abilities = info(
      'get_info get_balance lookup_invoice list_transactions pay_invoice make_invoice notifications constructor',
      ['encryption', 'nip44_v2 nip04'],
      ['notifications', 'payment_received payment_sent'],
    )
    expect(abilities).toMatchObject({
      encryption: 'nip44_v2',
      methods: new Set([
        'getInfo',
        'lookupInvoice',
        'lookupPayment',
        'listIncoming',
        'payInvoice',
        'makeInvoice',
        'onSettled',
      ]),
    })
  })

  const HOLD = 'make_hold_invoice settle_hold_invoice cancel_hold_invoice'
  const HOLD_TAGS = [
    ['encryption', 'nip44_v2'],
    ['notifications', 'hold_invoice_accepted'],
  ]

  it('names the methods for hold invoices, and that their acceptance is pushed', () => {
    const abilities = info(`${HOLD} get_info lookup_invoice list_transactions`, ...HOLD_TAGS)
    if (isMalformed(abilities)) throw new Error(abilities.malformed)
    for (const method of ['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice', 'onAccepted'] as const) {
      expect(abilities.methods).toContain(method)
    }
  })

  it.each([
    ['get_info', `${HOLD} lookup_invoice list_transactions`],
    ['list_transactions', `${HOLD} get_info lookup_invoice`],
    ['lookup_invoice', `${HOLD} get_info list_transactions`],
    ['cancel_hold_invoice', 'make_hold_invoice settle_hold_invoice get_info lookup_invoice list_transactions'],
  ])('promises no hold invoices without %s: they could not be seen through', (_, commands) => {
    const abilities = info(commands, ...HOLD_TAGS)
    if (isMalformed(abilities)) throw new Error(abilities.malformed)
    expect([...abilities.methods].filter((method) => /Hold|onAccepted/.test(method))).toEqual([])
  })

  it('promises no push where payment_received is not among its notifications', () => {
    expect(info('lookup_invoice', ['notifications', 'payment_sent'])).toMatchObject({
      methods: new Set(['lookupInvoice', 'lookupPayment']),
    })
  })

  it.each([
    ['NIP-44 where both are offered', [['encryption', 'nip04 nip44_v2']], 'nip44_v2'],
    ['NIP-04 where nothing is said', [], 'nip04'],
    ['NIP-04 where it alone is offered', [['encryption', 'nip04']], 'nip04'],
    ['NIP-44 where the older version tag says so', [['v', '0.0 1.0']], 'nip44_v2'],
  ])('chooses %s', (_, tags, encryption) => {
    expect(info('get_info,pay_invoice', ...tags)).toMatchObject({
      encryption,
      methods: new Set(['getInfo', 'payInvoice']),
    })
  })

  it('is no use where it offers no known encryption', () => {
    expect(isMalformed(info('get_info', ['encryption', 'nip99']))).toBe(true)
  })
})

it.each([
  ['mainnet', 'mainnet'],
  ['bitcoin', 'mainnet'],
  ['testnet4', 'testnet'],
  ['mutinynet', 'signet'],
  ['Regtest', 'regtest'],
  ['simnet', null],
  ['', null],
  [undefined, null],
  ['toString', null],
])('the network %j is %j', (name, network) => expect(parseNetwork(name)).toBe(network))

describe('what a connection may do beyond what is needed', () => {
  const READ = ['get_info', 'lookup_invoice', 'list_transactions']
  const PASSTHROUGH = new Set<WalletMethod>(['lookupInvoice', 'listIncoming', 'onSettled'])
  const RESELL = new Set<WalletMethod>([...PASSTHROUGH, 'makeInvoice', 'payInvoice', 'lookupPayment'])

  it.each<[string, readonly string[], ReadonlySet<WalletMethod>, readonly RegExp[]]>([
    ['nothing where it reads', READ, PASSTHROUGH, []],
    ['to spend where it only has to read', [...READ, 'pay_invoice'], PASSTHROUGH, [/^spend .*\(pay_invoice\)$/]],
    ['to spend by other names', [...READ, 'pay_keysend', 'multi_pay_invoice'], PASSTHROUGH, [/pay_keysend, multi_pay/]],
    ['to make invoices', [...READ, 'make_invoice', 'make_hold_invoice'], PASSTHROUGH, [/^make invoices/]],
    ['nothing where both are needed', [...READ, 'make_invoice', 'pay_invoice'], RESELL, []],
    ['to hold, which comes with making: nothing', [...READ, 'make_invoice', 'make_hold_invoice'], RESELL, []],
    ['to create connections, ever', [...READ, 'create_connection'], RESELL, [/^create further connections/]],
    ['both', [...READ, 'pay_invoice', 'make_invoice'], PASSTHROUGH, [/^spend/, /^make/]],
  ])('is: %s', (_, commands, needed, words) => {
    const excess = excessOf(commands, needed)
    expect(excess).toHaveLength(words.length)
    for (const [index, word] of words.entries()) expect(excess[index]).toMatch(word)
  })
})

it.each([
  ['LND', 'lnd'],
  ['cln', 'cln'],
  ['my node ⚡', null],
  ['', null],
  [7, null],
  [undefined, null],
])('the backend %j is %j', (told, backend) => expect(parseBackend(told)).toBe(backend))

/** Is what a wallet can do read from its info event? */
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseInfoEvent, parseNetwork } from '../../../src/wallets/nwc-abilities.js'
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

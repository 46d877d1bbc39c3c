/** Which ways of paying can be tried in the embedded world, and what is said of the others? */
import { describe, expect, it } from 'vitest'
import { purseOf, type PurseOptions } from '../../../src/cli/purse-option.js'

describe('the wallet that pays in the embedded world', () => {
  it('is none unless it is asked for', () => {
    expect(purseOf({})).toBeNull()
  })

  it('is LND where nothing is said of it', () => {
    expect(purseOf({ wrap: true })).toEqual({ mode: 'wrap', wallet: 'lnd', isUnpayable: false })
  })

  it('may be any that can pay, for resale', () => {
    expect(purseOf({ resell: true, wallet: 'phoenixd', unpayable: true })).toMatchObject({
      wallet: 'phoenixd',
      isUnpayable: true,
    })
  })

  it.for<[PurseOptions, string]>([
    [{ wrap: true, resell: true }, 'leave one out'],
    [{ wallet: 'lnd' }, 'add --wrap or --resell'],
    [{ unpayable: true }, 'add --wrap or --resell'],
    [{ resell: true, wallet: 'eclair' }, 'nwc, lnd, cln, phoenixd, lnbits'],
    [{ wrap: true, wallet: 'phoenixd' }, 'cannot hold payments'],
    [{ wrap: true, wallet: 'lnbits' }, 'cannot hold payments'],
    [{ wrap: true, wallet: 'cln' }, '80 blocks'],
  ])('%j is refused with a way out', ([options, words]) => {
    expect(() => purseOf(options)).toThrow(words)
  })
})

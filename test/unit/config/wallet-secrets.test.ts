/** In which forms may the secret of a wallet be kept? */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSecretReader, parseWalletSecret } from '../../../src/config/secrets.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import { createLndMacaroons } from '../../../src/dev/wallets/lnd-macaroons.js'

const macaroon = createLndMacaroons().bake(['invoices:read'])

describe('a macaroon of LND', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tollbridge-'))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  it.each([
    ['in hex', macaroon],
    ['in hex of capitals', macaroon.toUpperCase()],
    ['in base64', Buffer.from(macaroon, 'hex').toString('base64')],
    ['in base64 for URLs', Buffer.from(macaroon, 'hex').toString('base64url')],
  ])('may be kept %s', (_, text) => {
    expect(parseWalletSecret('lnd', text)).toBe(macaroon)
  })

  it('may be kept as the file that LND has baked', () => {
    const bytes = Buffer.from(macaroon, 'hex')
    writeFileSync(join(directory, 'till.macaroon'), bytes)
    chmodSync(join(directory, 'till.macaroon'), 0o600)
    const read = createSecretReader(directory, {})({ file: './till.macaroon' })
    expect(isMalformed(read) ? read : parseWalletSecret('lnd', read)).toBe(macaroon)
  })

  it.each(['', 'not one', '0201', 'ff'.repeat(60), 'nostr+walletconnect://x', macaroon.slice(1)])(
    'is not %j, and it is not repeated',
    (text) => {
      const refused = parseWalletSecret('lnd', text)
      expect(isMalformed(refused)).toBe(true)
      if (text !== '') expect(JSON.stringify(refused)).not.toContain(text)
    },
  )
})

describe('the secrets of the other wallets', () => {
  const rune = `${'A'.repeat(43)}bWV0aG9kPWdldGluZm8=`
  it.each([
    ['cln', rune],
    ['phoenixd', 'ab'.repeat(32)],
    ['lnbits', 'ab'.repeat(16)],
  ] as const)('of type %s are taken as they are', (type, secret) => {
    expect(parseWalletSecret(type, secret)).toBe(secret)
  })

  it.each([
    ['cln', 'too-short'],
    ['cln', `${'A'.repeat(43)} with blanks`],
    ['cln', `${'A'.repeat(43)}\nheader: injected`],
    ['phoenixd', 'short'],
    ['phoenixd', 'pass word with blanks'],
    ['phoenixd', 'pässwörter-sind-lang'],
    ['lnbits', 'https://lnbits.example/wallet?usr=1'],
    ['lnbits', 'ab'.repeat(15)],
  ] as const)('of type %s are not %j, and it is not repeated', (type, text) => {
    const refused = parseWalletSecret(type, text)
    expect(isMalformed(refused)).toBe(true)
    expect(JSON.stringify(refused)).not.toContain(text)
  })
})

/** Which wallet addresses are read, and does a refusal keep them secret? */
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { pubkeyOf } from '../../../src/nostr/event.js'
import { parseNwcUri } from '../../../src/wallets/nwc-uri.js'

const SECRET = '71a8c14c1407c113601079c4302dab36460f0ccd0ad506f1f2dc73b5100e4f3c'
const WALLET = pubkeyOf(Buffer.alloc(32, 7))
const uri = (query: string, wallet: string = WALLET) => `nostr+walletconnect://${wallet}?${query}`
const RELAY = `relay=${encodeURIComponent('wss://relay.example/v1')}`

describe('a wallet address', () => {
  it('names the wallet, its relays, and the key to ask with', () => {
    const parsed = parseNwcUri(
      uri(`${RELAY}&relay=ws%3A%2F%2F127.0.0.1%3A7777&${RELAY}&secret=${SECRET}&lud16=a@b.example`),
    )
    expect(parsed).toEqual({
      walletPubkey: WALLET,
      clientPubkey: pubkeyOf(Buffer.from(SECRET, 'hex')),
      secretKey: Uint8Array.from(Buffer.from(SECRET, 'hex')),
      relays: ['wss://relay.example/v1', 'ws://127.0.0.1:7777'],
    })
  })

  it.each([
    ['without slashes', `nostr+walletconnect:${WALLET}?${RELAY}&secret=${SECRET}`],
    ['with the older scheme', `nostrwalletconnect://${WALLET}?${RELAY}&secret=${SECRET}`],
    ['with a slash before the query', `nostr+walletconnect://${WALLET}/?${RELAY}&secret=${SECRET}`],
    ['with blanks around it', ` ${uri(`${RELAY}&secret=${SECRET}`)}\n`],
    ['with a relay that is not escaped', uri(`relay=wss://relay.example/v1&secret=${SECRET}`)],
  ])('is read %s', (_, text) => {
    expect(isMalformed(parseNwcUri(text))).toBe(false)
  })

  it.each([
    ['no text', 7],
    ['another scheme', `https://${WALLET}?${RELAY}&secret=${SECRET}`],
    ['no wallet key', uri(`${RELAY}&secret=${SECRET}`, '')],
    ['a wallet key in upper case', uri(`${RELAY}&secret=${SECRET}`, WALLET.toUpperCase())],
    ['no relay', uri(`secret=${SECRET}`)],
    ['a relay that is no WebSocket', uri(`relay=https%3A%2F%2Frelay.example&secret=${SECRET}`)],
    ['a relay that is no URL', uri(`relay=relay.example&secret=${SECRET}`)],
    ['a relay with a password', uri(`relay=${encodeURIComponent('wss://a:b@relay.example')}&secret=${SECRET}`)],
    ['no secret', uri(RELAY)],
    ['two secrets', uri(`${RELAY}&secret=${SECRET}&secret=${SECRET}`)],
    ['a secret in upper case', uri(`${RELAY}&secret=${SECRET.toUpperCase()}`)],
    ['a secret that is no key', uri(`${RELAY}&secret=${'0'.repeat(64)}`)],
    ['no end', uri(`${RELAY}&secret=${SECRET}&x=${'x'.repeat(5_000)}`)],
  ])('is malformed with %s, and the reason quotes nothing of it', (_, text) => {
    const parsed = parseNwcUri(text)
    if (!isMalformed(parsed)) throw new Error('it was read')
    expect(parsed.malformed).not.toMatch(/[0-9a-f]{16}|relay\.example|a:b/i)
  })
})

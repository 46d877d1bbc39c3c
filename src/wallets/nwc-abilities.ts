/** What can this wallet do? Its info event (kind 13194), or where there is none the wallet's own word (NIP-47 §Info Event). */
import { tagValue, type NostrEvent } from '../core/event.js'
import { malformed, type Malformed } from '../core/identifiers.js'
import type { Network, WalletMethod } from '../ports.js'
import type { NwcEncryption } from './nwc-cipher.js'

export const KIND_INFO = 13194

export interface NwcAbilities {
  readonly methods: ReadonlySet<WalletMethod>
  readonly encryption: NwcEncryption
}

/** NIP-47's names for what a settlement path may need. */
const METHODS: Readonly<Record<string, readonly WalletMethod[]>> = {
  get_info: ['getInfo'],
  lookup_invoice: ['lookupInvoice', 'lookupPayment'],
  list_transactions: ['listIncoming'],
  pay_invoice: ['payInvoice'],
  make_invoice: ['makeInvoice'],
}

const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '')

export function parseMethods(methods: readonly string[], notifications: readonly string[]): ReadonlySet<WalletMethod> {
  const known = methods.flatMap((method) => (Object.hasOwn(METHODS, method) ? (METHODS[method] ?? []) : []))
  return new Set<WalletMethod>(notifications.includes('payment_received') ? [...known, 'onSettled'] : known)
}

/** Expects a verified event. NIP-44 is preferred; without an `encryption` tag a wallet knows NIP-04 only. */
export function parseInfoEvent(event: NostrEvent): NwcAbilities | Malformed {
  const methods = parseMethods(words(event.content), words(tagValue(event, 'notifications') ?? ''))
  const offered = words(tagValue(event, 'encryption') ?? 'nip04')
  // An older way to say it, still sent by wallets that have no `encryption` tag.
  if (words(tagValue(event, 'v') ?? '').includes('1.0')) offered.push('nip44_v2')
  if (offered.includes('nip44_v2')) return { methods, encryption: 'nip44_v2' }
  if (offered.includes('nip04')) return { methods, encryption: 'nip04' }
  return malformed('the wallet offers no encryption that is known here')
}

const NETWORKS: Readonly<Record<string, Network>> = {
  mainnet: 'mainnet',
  main: 'mainnet',
  bitcoin: 'mainnet',
  bc: 'mainnet',
  testnet: 'testnet',
  testnet3: 'testnet',
  testnet4: 'testnet',
  test: 'testnet',
  signet: 'signet',
  mutinynet: 'signet',
  regtest: 'regtest',
}

export function parseNetwork(value: unknown): Network | null {
  const name = typeof value === 'string' ? value.toLowerCase() : ''
  return Object.hasOwn(NETWORKS, name) ? (NETWORKS[name] ?? null) : null
}

const NODE_ID = /^0[23][0-9a-f]{64}$/

export const parseNodeId = (value: unknown): string | null =>
  typeof value === 'string' && NODE_ID.test(value) ? value : null

export const parseWords = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((word): word is string => typeof word === 'string') : []

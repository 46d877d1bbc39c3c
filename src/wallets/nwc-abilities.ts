/** What can this wallet do? Its info event (kind 13194), or where there is none the wallet's own word (NIP-47 §Info Event). */
import { tagValue, type NostrEvent } from '../core/event.js'
import { malformed, type Malformed } from '../core/identifiers.js'
import type { Excess, WalletMethod } from '../ports.js'
import type { NwcEncryption } from './nwc-cipher.js'

export const KIND_INFO = 13194

export interface NwcAbilities {
  readonly methods: ReadonlySet<WalletMethod>
  /** NIP-47's names of all that the connection may do, known here or not. */
  readonly commands: readonly string[]
  readonly encryption: NwcEncryption
}

/** NIP-47's names for what a settlement path may need. */
const METHODS: Readonly<Record<string, readonly WalletMethod[]>> = {
  get_info: ['getInfo'],
  lookup_invoice: ['lookupInvoice', 'lookupPayment'],
  list_transactions: ['listIncoming'],
  pay_invoice: ['payInvoice'],
  make_invoice: ['makeInvoice'],
  make_hold_invoice: ['makeHoldInvoice'],
  settle_hold_invoice: ['settleHoldInvoice'],
  cancel_hold_invoice: ['cancelHoldInvoice'],
}

const HOLD_METHODS: readonly string[] = ['make_hold_invoice', 'settle_hold_invoice', 'cancel_hold_invoice']

const PUSHED: Readonly<Record<string, WalletMethod>> = {
  payment_received: 'onSettled',
  hold_invoice_accepted: 'onAccepted',
}

/** Commands that spend, some of them extensions of NIP-47 or no longer in it. */
const SPENDS: ReadonlySet<string> = new Set([
  'pay_invoice',
  'pay_keysend',
  'pay',
  'multi_pay_invoice',
  'multi_pay_keysend',
])
const MAKES: ReadonlySet<string> = new Set(['make_invoice', 'make_hold_invoice'])
/** Not ours to use: it opens doors for others. */
const DELEGATES: ReadonlySet<string> = new Set(['create_connection'])

const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== '')

/**
 * What a hold takes besides its own methods: its deadline is a height of the chain, and where a payment leaves on the hash of the hold,
 * wallets show either side of it, which only the list tells apart. Without these none is promised.
 */
const NEEDED_TO_HOLD = ['get_info', 'lookup_invoice', 'list_transactions', ...HOLD_METHODS]

export function parseMethods(methods: readonly string[], notifications: readonly string[]): ReadonlySet<WalletMethod> {
  const holds = NEEDED_TO_HOLD.every((method) => methods.includes(method))
  const served = methods.filter((method) => holds || !HOLD_METHODS.includes(method))
  const known = served.flatMap((method) => (Object.hasOwn(METHODS, method) ? (METHODS[method] ?? []) : []))
  const pushed = notifications
    .filter((name) => holds || name !== 'hold_invoice_accepted')
    .flatMap((name) => (Object.hasOwn(PUSHED, name) ? (PUSHED[name] ?? []) : []))
  return new Set<WalletMethod>([...known, ...pushed])
}

/** What of these commands goes beyond the methods that are needed. */
export function excessOf(commands: readonly string[], needed: ReadonlySet<WalletMethod>): Excess[] {
  const among = (names: ReadonlySet<string>): string => commands.filter((command) => names.has(command)).join(', ')
  const excess: Excess[] = []
  const spends = among(SPENDS)
  if (spends !== '' && !needed.has('payInvoice')) excess.push(`spend from the wallet (${spends})`)
  const makes = among(MAKES)
  if (makes !== '' && !needed.has('makeInvoice') && !needed.has('makeHoldInvoice')) {
    excess.push(`make invoices in its name (${makes})`)
  }
  const delegates = among(DELEGATES)
  if (delegates !== '') excess.push(`create further connections (${delegates})`)
  return excess
}

/** Expects a verified event. NIP-44 is preferred; without an `encryption` tag a wallet knows NIP-04 only. */
export function parseInfoEvent(event: NostrEvent): NwcAbilities | Malformed {
  const commands = words(event.content)
  const methods = parseMethods(commands, words(tagValue(event, 'notifications') ?? ''))
  const offered = words(tagValue(event, 'encryption') ?? 'nip04')
  // An older way to say it, still sent by wallets that have no `encryption` tag.
  if (words(tagValue(event, 'v') ?? '').includes('1.0')) offered.push('nip44_v2')
  if (offered.includes('nip44_v2')) return { methods, commands, encryption: 'nip44_v2' }
  if (offered.includes('nip04')) return { methods, commands, encryption: 'nip04' }
  return malformed('the wallet offers no encryption that is known here')
}

export const parseWords = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((word): word is string => typeof word === 'string') : []

/** What may be done with this rune, and what more than is needed? Each of our methods by the commands that it takes. */
import type { Excess, WalletMethod } from '../ports.js'
import type { Rune } from './cln-rune.js'

/** One of each inner list must be allowed. */
const COMMANDS: Readonly<Record<WalletMethod, readonly (readonly string[])[]>> = {
  getInfo: [['getinfo']],
  lookupInvoice: [['listinvoices']],
  listIncoming: [['listinvoices']],
  onSettled: [['waitanyinvoice'], ['listinvoices']],
  payInvoice: [['xpay', 'pay'], ['listpays']],
  lookupPayment: [['listpays']],
  makeInvoice: [['invoice']],
  makeHoldInvoice: [['holdinvoice'], ['listholdinvoices'], ['listinvoices']],
  settleHoldInvoice: [['settleholdinvoice'], ['listholdinvoices']],
  cancelHoldInvoice: [['cancelholdinvoice'], ['listholdinvoices']],
  onAccepted: [],
  estimateDelay: [['getroute']],
}
const HOLD: ReadonlySet<WalletMethod> = new Set(['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice'])
/** The plugin tells nobody by itself that a payment has come: it is asked. */
const NEVER: ReadonlySet<WalletMethod> = new Set(['onAccepted'])

const METHODS = Object.keys(COMMANDS) as WalletMethod[]

export function methodsOf(rune: Rune, hasHold: boolean): ReadonlySet<WalletMethod> {
  const isAllowed = (method: WalletMethod): boolean =>
    COMMANDS[method].every((choices) => choices.some((command) => rune.allows(command)))
  return new Set(METHODS.filter((method) => !NEVER.has(method) && (hasHold || !HOLD.has(method)) && isAllowed(method)))
}

/** The commands that a rune must allow for these methods, `xpay` and `pay` both: the second is for what the first cannot do. */
export const clnCommandsFor = (needed: ReadonlySet<WalletMethod>): string[] => [
  ...new Set(METHODS.filter((method) => needed.has(method)).flatMap((method) => COMMANDS[method].flat())),
]

const HELD = 'settle and cancel held payments'
/** Commands that spend or give away power, and in which words that is told. */
const POWERS: readonly (readonly [Excess, readonly string[]])[] = [
  ['pay invoices', ['xpay', 'pay', 'sendpay', 'renepay', 'keysend', 'injectpaymentonion', 'fetchinvoice']],
  ['send money on-chain', ['withdraw', 'multiwithdraw', 'txsend', 'sendpsbt']],
  ['open and close channels', ['fundchannel', 'multifundchannel', 'close', 'splice_init']],
  ['make other runes', ['createrune', 'commando-rune']],
  ['make invoices', ['invoice', 'offer', 'holdinvoice']],
  [HELD, ['settleholdinvoice', 'cancelholdinvoice']],
  ['delete invoices and payments from the books', ['delinvoice', 'delpay']],
  ['stop the node', ['stop']],
]
/** No rune that names what it allows comes to allow a command that nobody has. */
const NO_COMMAND = 'no-such-command-anywhere'

export function excessOfRune(rune: Rune, needed: ReadonlySet<WalletMethod>, hasHold: boolean): readonly Excess[] {
  const commands = new Set(clnCommandsFor(needed))
  if (rune.allows(NO_COMMAND) && rune.allows('stop') && rune.allows('withdraw'))
    return ['do everything that the node can']
  return POWERS.filter(([, does]) => !does.some((command) => commands.has(command)))
    .filter(([, does]) => does.some((command) => rune.allows(command)))
    .map(([words]) => words)
    .filter((words) => hasHold || words !== HELD)
}

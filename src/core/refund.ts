/** Where may money be sent back, and how does that begin? The three kinds of destination, told apart by their form alone. */
import { isMalformed, malformed, type Malformed } from './identifiers.js'
import type { Job } from './job.js'
import type { Refund } from './job-parts.js'
import type { Msat } from './money.js'

export type RefundDestination =
  | { readonly type: 'invoice'; readonly bolt11: string }
  /** LUD-16. */
  | { readonly type: 'address'; readonly name: string; readonly domain: string }
  /** NIP-47, and a secret: whoever has it can do with the wallet what its owner allows. */
  | { readonly type: 'wallet'; readonly uri: string }

const LONGEST = 4_096
const WALLET = /^nostr\+?walletconnect:/i
const INVOICE = /^ln(?:bcrt|bc|tbs|tb)[0-9a-z]+$/
const ADDRESS = /^([a-z0-9._+-]{1,64})@([a-z0-9.-]{1,253}(?::[0-9]{1,5})?)$/

/** No reason quotes the text: it may be a secret. */
export function parseRefundDestination(value: unknown): RefundDestination | Malformed {
  if (typeof value !== 'string' || value.length > LONGEST) return malformed('a refund destination is a short text')
  const text = value.trim().replace(/^lightning:/i, '')
  if (WALLET.test(text)) return { type: 'wallet', uri: text }
  const lower = text.toLowerCase()
  if (INVOICE.test(lower) && (text === lower || text === text.toUpperCase())) return { type: 'invoice', bolt11: lower }
  const [, name, domain] = (lower.length <= 320 && ADDRESS.exec(lower)) || []
  if (name !== undefined && domain !== undefined) return { type: 'address', name, domain }
  return malformed('a refund destination is an invoice, a Lightning address or a wallet connection')
}

/** The whole amount, none of which was sent. */
export const unsentRefund = (amountMsat: Msat): Refund => ({
  amountMsat,
  ...{ bolt11: null, paymentHash: null, spending: null, tries: 0, retryAt: 0, spent: null },
})

/** Of what is owed: the money itself, since the upstream was never paid. */
export const isMoneyOwed = (job: Job): boolean => job.state === 'failed' && 'returned' in job

export const NO_DESTINATION =
  'the job names no place to which the money can be sent back: name one with tollbridge jobs refund ID --to DESTINATION'

/** Whether nobody has said where it should go: neither the job nor `to`, by whom it is sent back. What is held goes where it came from. */
export function lacksDestination(job: Job, to: string | null): boolean {
  if (!isMoneyOwed(job) || !('refund' in job) || !job.refund) return false
  const { refundTo, refund } = job
  return refundTo === undefined && refund.bolt11 === null && to === null
}

export function isWalletDestination(text: string): boolean {
  const destination = parseRefundDestination(text)
  return !isMalformed(destination) && destination.type === 'wallet'
}

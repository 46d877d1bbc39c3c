/** Kind 9735: was a zap paid that names a job? A receipt, read to the letter (NIP-57 §Appendix D, E and F). It proves nothing by itself. */
import { createHash } from 'node:crypto'
import { encodeBytes } from 'nostr-tools/nip19'
import { tagValue, type NostrEvent } from '../../core/event.js'
import {
  isMalformed,
  malformed,
  parseEventId,
  type EventId,
  type Malformed,
  type Pubkey,
} from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { decodeInvoice, type Invoice } from '../../l402/invoice.js'
import { parseEvent, verifyEvent } from '../event.js'

export const ZAP_RECEIPT_KIND = 9735
const ZAP_REQUEST_KIND = 9734

export interface Zap {
  /** The event that was zapped. */
  readonly zapped: EventId
  readonly invoice: Invoice & { readonly amountMsat: Msat }
  /** Who asked for the invoice: by their own signature. */
  readonly sender: Pubkey
}

export interface ZapRecipient {
  readonly self: Pubkey
  /** Key of the LNURL server of our own address. */
  readonly nostrPubkey: Pubkey
  /** URL of the LNURL document of our own address. */
  readonly lnurl: string
}

/** Which event a receipt is of, at a glance and unproven. Null where it names none, or several. */
export function zappedBy({ tags }: NostrEvent): EventId | null {
  const [named, ...more] = tags.filter(([name]) => name === 'e')
  const id = parseEventId(named?.[1])
  return more.length > 0 || isMalformed(id) ? null : id
}

/** Signatures are looked at last. */
export function parseZapReceipt(receipt: NostrEvent, recipient: ZapRecipient): Zap | Malformed {
  const { self, nostrPubkey, lnurl } = recipient
  if (receipt.kind !== ZAP_RECEIPT_KIND) return malformed('not a zap receipt')
  if (receipt.pubkey !== nostrPubkey) return malformed('the receipt is not of the server of our address')
  const [bolt11, description] = [only(receipt, 'bolt11'), only(receipt, 'description')]
  if (bolt11 === null || description === null) return malformed('the receipt has not one invoice and one description')
  if (only(receipt, 'p') !== self) return malformed('the receipt is for somebody else')
  const request = parseZapRequest(description)
  if (isMalformed(request)) return request
  if (only(request, 'p') !== self) return malformed('the zap request is not for us alone')
  const zapped = parseEventId(only(request, 'e'))
  if (isMalformed(zapped)) return malformed('the zap request does not name one event')
  if (only(receipt, 'e') !== zapped) return malformed('receipt and zap request name different events')
  const payer = request.tags.filter(([name]) => name === 'P')
  if (payer.length > 1 || payer.some(([, key]) => key !== receipt.pubkey))
    return malformed('the payer tag is not right')
  const sender = receipt.tags.filter(([name]) => name === 'P')
  if (sender.length > 1 || sender.some(([, key]) => key !== request.pubkey))
    return malformed('the sender tag is not right')
  const named = tagValue(request, 'lnurl')
  if (named !== undefined && named.toLowerCase() !== lnurlCode(lnurl))
    return malformed('the zap was for another address')

  const invoice = decodeInvoice(bolt11)
  if (isMalformed(invoice)) return invoice
  const { amountMsat, descriptionHash } = invoice
  if (amountMsat === null) return malformed('the invoice names no amount')
  const amounts = request.tags.filter(([name]) => name === 'amount')
  if (amounts.length > 1 || amounts.some(([, amount]) => amount !== String(amountMsat))) {
    return malformed('the invoice is over another amount than the zap request')
  }
  const hash = createHash('sha256').update(description).digest('hex')
  if (descriptionHash !== hash) return malformed('the invoice does not commit to the zap request')
  if (!verifyEvent(request) || !verifyEvent(receipt)) return malformed('a signature does not hold')
  return { zapped, invoice: { ...invoice, amountMsat }, sender: request.pubkey }
}

/** NIP-57 §Appendix D. */
function parseZapRequest(description: string): NostrEvent | Malformed {
  let value: unknown
  try {
    value = JSON.parse(description)
  } catch {
    return malformed('the description is no event')
  }
  const request = parseEvent(value)
  if (isMalformed(request)) return malformed('the description is no event')
  if (request.kind !== ZAP_REQUEST_KIND) return malformed('the description is no zap request')
  if (request.tags.filter(([name]) => name === 'relays').length !== 1)
    return malformed('the zap request names no relays')
  return request
}

function only({ tags }: NostrEvent, name: string): string | null {
  const named = tags.filter(([key]) => key === name)
  return named.length === 1 ? (named[0]?.[1] ?? null) : null
}

/** As LUD-01 writes a URL. */
export const lnurlCode = (url: string): string => encodeBytes('lnurl', new TextEncoder().encode(url))

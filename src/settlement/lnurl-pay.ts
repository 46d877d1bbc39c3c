/** What does a Lightning address take, and which invoice does it give? LNURL-pay (LUD-06, LUD-16), told by a host that others name. */
import { createHash } from 'node:crypto'
import { isLocalHost } from '../core/hosts.js'
import { isMalformed, malformed, parsePubkey, type Malformed, type Pubkey } from '../core/identifiers.js'
import type { RefundDestination } from '../core/refund.js'
import { parseMsat, type Msat } from '../core/money.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { WebClient } from '../ports.js'

const MOST_BYTES = 65_536
const TIMEOUT_MS = 10_000

export type LightningAddress = Extract<RefundDestination, { type: 'address' }>

export interface PayDocument {
  readonly callback: string
  readonly minMsat: Msat
  readonly maxMsat: Msat
  /** sha256 of the metadata as it was sent: what the invoice must commit to. */
  readonly metadataHash: string
  /** Who signs zap receipts; null where zaps are not received (NIP-57). */
  readonly nostrPubkey: Pubkey | null
}

/** What the address leads to, in the clear; itself a LUD-16 rule. Only this machine is asked without TLS. */
export function lnurlOf({ name, domain }: LightningAddress): string {
  const scheme = isLocalHost(domain.replace(/:[0-9]+$/, '')) ? 'http' : 'https'
  return `${scheme}://${domain}/.well-known/lnurlp/${encodeURIComponent(name)}`
}

export async function fetchPayDocument(web: WebClient, address: LightningAddress): Promise<PayDocument | Malformed> {
  const document = await fetchJson(web, lnurlOf(address))
  if (isMalformed(document)) return document
  const { tag, callback, minSendable, maxSendable, metadata, allowsNostr, nostrPubkey } = document
  if (tag !== 'payRequest') return malformed('the address is not one that is paid')
  const [minMsat, maxMsat] = [parseMsat(minSendable), parseMsat(maxSendable)]
  if (isMalformed(minMsat) || isMalformed(maxMsat)) return malformed('the address does not say how much it takes')
  if (typeof callback !== 'string' || typeof metadata !== 'string') return malformed('the address says too little')
  const signer = allowsNostr === true ? parsePubkey(nostrPubkey) : null
  return {
    ...{ callback, minMsat, maxMsat },
    metadataHash: createHash('sha256').update(metadata).digest('hex'),
    nostrPubkey: isMalformed(signer) ? null : signer,
  }
}

/** An invoice over the amount that commits to what the address says of itself. What else it asks for is for others to judge. */
export async function invoiceFromAddress(
  web: WebClient,
  address: LightningAddress,
  amountMsat: Msat,
): Promise<string | Malformed> {
  const document = await fetchPayDocument(web, address)
  if (isMalformed(document)) return document
  if (amountMsat < document.minMsat || amountMsat > document.maxMsat)
    return malformed('the address takes other amounts')
  const url = callbackUrl(document.callback, amountMsat)
  if (url === null) return malformed('the callback of the address cannot be called')
  const answer = await fetchJson(web, url)
  if (isMalformed(answer)) return answer
  const { pr } = answer
  if (typeof pr !== 'string') return malformed('the address gives no invoice')
  const invoice = decodeInvoice(pr)
  if (isMalformed(invoice)) return invoice
  if (invoice.descriptionHash !== document.metadataHash) return malformed('the invoice is not for this address')
  return pr
}

/** On another host it may be, and its own rules are those of the client: public, and never from https to http. */
function callbackUrl(callback: string, amountMsat: Msat): string | null {
  if (!URL.canParse(callback)) return null
  const url = new URL(callback)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLocalHost(url.hostname))) return null
  url.searchParams.set('amount', String(amountMsat))
  return url.href
}

/** A redirect is no answer. Reasons are ours: what the host says is a stranger's text. */
async function fetchJson(web: WebClient, url: string): Promise<Record<string, unknown> | Malformed> {
  const outcome = await web.send({ method: 'GET', url, maxBytes: MOST_BYTES, timeoutMs: TIMEOUT_MS })
  if (outcome.type === 'failed') return malformed(`the address cannot be asked: ${outcome.reason}`)
  if (outcome.type === 'tooLarge') return malformed('the address answers with too much')
  if (outcome.status !== 200) return malformed(`the address answers ${outcome.status}`)
  try {
    const value: unknown = JSON.parse(Buffer.from(outcome.body).toString('utf8'))
    if (typeof value !== 'object' || value === null) return malformed('the address answers with no object')
    const object = value as Record<string, unknown>
    return object['status'] === 'ERROR' ? malformed('the address refuses') : object
  } catch {
    return malformed('the address answers with no JSON')
  }
}

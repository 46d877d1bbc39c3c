/** Is there a Lightning address? LNURL-pay (LUD-06, LUD-16) with zaps (NIP-57) over any node, on loopback, that a test can make lie. */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { pubkeyOf, signEvent } from '../nostr/event.js'
import type { LightningNode } from './lightning/node.js'

/** What servers in the wild do besides giving invoices. */
export interface LnurlBend {
  readonly document?: (document: Record<string, unknown>) => unknown
  /** Of the invoice: another amount, or another description hash than the metadata's. */
  readonly amountMsat?: number
  readonly descriptionHash?: string
  readonly expirySeconds?: number
  /** In the place of any answer. */
  readonly answer?: (response: ServerResponse, path: string) => void
}

export interface LnurlServer {
  /** `name@127.0.0.1:port` */
  readonly address: string
  readonly nostrPubkey: Pubkey
  /** Paths that were asked for, in order. */
  readonly requests: readonly string[]
  /** Receipts of the zaps that were paid, oldest first. */
  readonly receipts: readonly NostrEvent[]
  bend(bend: LnurlBend): void
  /** Signs anything with the key of the receipts. */
  sign(template: EventTemplate): NostrEvent
  /** Idempotent. */
  stop(): Promise<void>
}

const NAME = 'till'

/** `onReceipt` is to publish it. */
export async function startLnurl(options: {
  readonly node: LightningNode
  readonly onReceipt?: (receipt: NostrEvent) => void
}): Promise<LnurlServer> {
  const { node, onReceipt } = options
  const key = randomBytes(32)
  const nostrPubkey = pubkeyOf(key)
  const requests: string[] = []
  const receipts: NostrEvent[] = []
  const zaps = new Map<string, string>()
  let bent: LnurlBend = {}
  const sign = (template: EventTemplate): NostrEvent => signEvent(template, key, nostrPubkey, randomBytes(32))

  async function invoice(metadata: string, amount: number, zap: string | null): Promise<object> {
    const made = await node.makeInvoice({
      amountMsat: (bent.amountMsat ?? amount) as Msat,
      description: '',
      descriptionHash: bent.descriptionHash ?? sha256(zap ?? metadata),
      expirySeconds: bent.expirySeconds ?? 600,
    })
    if (zap !== null) zaps.set(made.paymentHash, zap)
    return { pr: made.bolt11, routes: [] }
  }

  const forget = node.onSettled((payment) => {
    const zap = zaps.get(payment.paymentHash)
    if (zap === undefined) return
    const receipt = sign(receiptFor(zap, payment.bolt11, Math.floor((payment.settledAt ?? Date.now()) / 1000)))
    receipts.push(receipt)
    onReceipt?.(receipt)
  })
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    requests.push(url.pathname)
    if (bent.answer) return bent.answer(response, url.pathname)
    const metadata = JSON.stringify([['text/plain', 'Pays the till']])
    const send = (value: unknown): void => void response.end(JSON.stringify(value))
    if (url.pathname === '/callback') {
      return void invoice(metadata, Number(url.searchParams.get('amount')), url.searchParams.get('nostr')).then(send)
    }
    const document = {
      ...{ tag: 'payRequest', callback: `http://${request.headers.host}/callback`, metadata },
      ...{ minSendable: 1_000, maxSendable: 1_000_000_000, allowsNostr: true, nostrPubkey },
    }
    send(bent.document ? bent.document(document) : document)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `${NAME}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    nostrPubkey,
    requests,
    receipts,
    bend(bend) {
      bent = bend
    },
    sign,
    async stop() {
      forget()
      if (!server.listening) return
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** NIP-57 §Appendix E. */
function receiptFor(zap: string, bolt11: string, paidAt: number): EventTemplate {
  const request = JSON.parse(zap) as NostrEvent
  const copied = request.tags.filter(([name]) => name === 'p' || name === 'e' || name === 'a')
  const tags = [...copied, ['P', request.pubkey], ['bolt11', bolt11], ['description', zap]]
  return { kind: 9735, created_at: paidAt, tags, content: '' }
}

/** Is a zap receipt read to the letter of NIP-57 (Appendix D, E and F), and nothing forged taken for one? */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../../src/core/event.js'
import { isMalformed, type EventId } from '../../../../src/core/identifiers.js'
import { signInvoice, type UnsignedInvoice } from '../../../../src/dev/lightning/sign-invoice.js'
import { pubkeyOf, signEvent } from '../../../../src/nostr/event.js'
import { lnurlCode, parseZapReceipt, zappedBy } from '../../../../src/nostr/kinds/zap.js'
import type { Msat } from '../../../../src/core/money.js'

const [SERVER, SENDER, NODE] = [1, 2, 3].map((byte) => Buffer.alloc(32, byte)) as [Buffer, Buffer, Buffer]
const SELF = pubkeyOf(Buffer.alloc(32, 4))
const JOB = 'ab'.repeat(32) as EventId
const LNURL = 'https://example.com/.well-known/lnurlp/till'
const RECIPIENT = { self: SELF, nostrPubkey: pubkeyOf(SERVER), lnurl: LNURL }
const AT = 1_800_000_000

type Tags = readonly (readonly string[])[]
const sign = (key: Buffer, kind: number, tags: Tags): NostrEvent =>
  signEvent({ kind, created_at: AT, tags, content: '' }, key, pubkeyOf(key), Buffer.alloc(32, 9))

const REQUEST: Tags = [
  ['relays', 'wss://relay.example.com'],
  ['amount', '21000'],
  ['lnurl', lnurlCode(LNURL)],
  ['p', SELF],
  ['e', JOB],
]

function invoice(description: string, changes: Partial<UnsignedInvoice> = {}): string {
  const descriptionHash = createHash('sha256').update(description).digest('hex')
  return signInvoice(
    {
      ...{ paymentHash: 'cd'.repeat(32), paymentSecret: 'ef'.repeat(32), amountMsat: 21_000 as Msat, description: '' },
      ...{ descriptionHash, timestamp: AT, expirySeconds: 600, prefix: 'bcrt', ...changes },
    },
    NODE,
  )
}

interface Bend {
  readonly request?: Tags
  readonly requestKind?: number
  readonly description?: (request: NostrEvent) => string
  readonly invoice?: Partial<UnsignedInvoice>
  readonly receipt?: (tags: Tags) => Tags
  readonly by?: Buffer
}

function receiptOf(bend: Bend = {}): NostrEvent {
  const request = sign(SENDER, bend.requestKind ?? 9734, bend.request ?? REQUEST)
  const description = bend.description?.(request) ?? JSON.stringify(request)
  const tags = [
    ['p', SELF],
    ['e', JOB],
    ['P', pubkeyOf(SENDER)],
    ['bolt11', invoice(description, bend.invoice)],
    ['description', description],
  ]
  return sign(bend.by ?? SERVER, 9735, bend.receipt?.(tags) ?? tags)
}

const without = (name: string) => (tags: Tags) => tags.filter(([key]) => key !== name)
const withTag = (tag: string[]) => (tags: Tags) => [...without(tag[0] ?? '')(tags), tag]

describe('a zap receipt', () => {
  it('names what was zapped, the invoice and who asked for it', () => {
    expect(parseZapReceipt(receiptOf(), RECIPIENT)).toMatchObject({
      zapped: JOB,
      sender: pubkeyOf(SENDER),
      invoice: { amountMsat: 21_000, paymentHash: 'cd'.repeat(32) },
    })
    expect(zappedBy(receiptOf())).toBe(JOB)
  })

  it('needs neither an amount nor an lnurl in its request', () => {
    const request = without('amount')(without('lnurl')(REQUEST))
    expect(isMalformed(parseZapReceipt(receiptOf({ request }), RECIPIENT))).toBe(false)
  })

  it.each<[string, Bend, RegExp]>([
    ['signed by somebody else', { by: SENDER }, /server of our address/],
    ['for somebody else', { receipt: withTag(['p', pubkeyOf(SENDER)]) }, /somebody else/],
    ['without an invoice', { receipt: without('bolt11') }, /one invoice/],
    ['with two descriptions', { receipt: (tags) => [...tags, ['description', '{}']] }, /one description/],
    ['whose description is prose', { description: () => 'thanks' }, /no event/],
    ['whose request is of another kind', { requestKind: 1 }, /no zap request/],
    ['whose request has two recipients', { request: [...REQUEST, ['p', SELF]] }, /us alone/],
    ['whose request is for somebody else', { request: withTag(['p', pubkeyOf(SENDER)])(REQUEST) }, /us alone/],
    ['whose request names two events', { request: [...REQUEST, ['e', JOB]] }, /one event/],
    ['whose request names no relays', { request: without('relays')(REQUEST) }, /no relays/],
    ['that names another event than its request', { receipt: withTag(['e', 'cd'.repeat(32)]) }, /different events/],
    ['that names another sender', { receipt: withTag(['P', SELF]) }, /sender tag/],
    ['whose request names another server', { request: [...REQUEST, ['P', SELF]] }, /payer tag/],
    [
      'for another address',
      { request: withTag(['lnurl', lnurlCode('https://else.example/')])(REQUEST) },
      /another address/,
    ],
    ['over another amount', { request: withTag(['amount', '21001'])(REQUEST) }, /another amount/],
    ['whose request has two amounts', { request: [...REQUEST, ['amount', '21000']] }, /another amount/],
    ['whose invoice leaves the amount open', { invoice: { amountMsat: null } }, /no amount/],
    ['whose invoice commits to something else', { invoice: { descriptionHash: 'ab'.repeat(32) } }, /does not commit/],
    [
      'whose request nobody signed',
      { description: (request) => JSON.stringify({ ...request, sig: '00'.repeat(64) }) },
      /signature/,
    ],
  ])('%s is none', (_name, bend, why) => {
    const read = parseZapReceipt(receiptOf(bend), RECIPIENT)
    expect(isMalformed(read) ? read.malformed : 'taken').toMatch(why)
  })

  it('that was changed after it was signed is none', () => {
    const read = parseZapReceipt({ ...receiptOf(), created_at: AT + 1 }, RECIPIENT)
    expect(isMalformed(read) && read.malformed).toMatch(/signature/)
  })
})

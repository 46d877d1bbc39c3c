/** Does PROTOCOL.md show refunds and zaps as they are read? */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { EventTemplate } from '../../src/core/event.js'
import { isMalformed, type EventId, type Pubkey } from '../../src/core/identifiers.js'
import { parseRefundDestination } from '../../src/core/refund.js'
import type { Msat } from '../../src/core/money.js'
import { signInvoice } from '../../src/dev/lightning/sign-invoice.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { buildJobRequest, parseJobRequest } from '../../src/nostr/kinds/job-request.js'
import { parseZapReceipt } from '../../src/nostr/kinds/zap.js'
import { objectionToRefund } from '../../src/policies/refund-destination.js'

const page = readFileSync(join(resolve(import.meta.dirname, '../..'), 'PROTOCOL.md'), 'utf8')

function example(name: string): EventTemplate {
  const block = new RegExp(`\`\`\`json example=${name}\\n([\\s\\S]*?)\`\`\``).exec(page)
  if (!block?.[1]) throw new Error(`PROTOCOL.md has no example ${name}`)
  return JSON.parse(block[1]) as EventTemplate
}

const provider = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' as Pubkey
const jobId = '11d1a4e3d5b1c1bb1b1c9f6e0f3a7c5d9b8e7f6a5d4c3b2a190807060504030a' as EventId
const [CUSTOMER, SERVER] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const sign = (template: EventTemplate, key: Buffer) => signEvent(template, key, pubkeyOf(key), Buffer.alloc(32, 3))

describe('§Refunds and zaps', () => {
  it('shows a job that names a place, as our own customer builds it; no handler sees the place', () => {
    const shown = example('job-with-refund')
    const params = { method: 'GET', path: '/v1/weather', refund: 'you@example.com' }
    const built = { provider, params, bidMsat: null, relays: [], expiresAt: null, createdAt: 1_790_000_000 }
    expect(buildJobRequest(built)).toEqual(shown)
    const read = parseJobRequest(sign(shown, CUSTOMER))
    if (isMalformed(read)) throw new Error(read.malformed)
    expect(read.refundTo).toBe('you@example.com')
    expect([...read.params.keys()]).toEqual(['method', 'path'])
    expect(objectionToRefund(read, null)).toBeNull()
    expect(parseRefundDestination(read.refundTo)).toMatchObject({ type: 'address' })
  })

  it('takes a wallet connection from sealed jobs only, and nothing that is no place', () => {
    const read = parseJobRequest(sign(example('job-with-refund'), CUSTOMER))
    if (isMalformed(read)) throw new Error(read.malformed)
    const wallet = { ...read, refundTo: 'nostr+walletconnect://x' }
    expect(objectionToRefund(wallet, null)?.rejected).toBe('encryption-required')
    expect(objectionToRefund(wallet, { type: 'wrapped' })).toBeNull()
    expect(objectionToRefund({ ...read, refundTo: 'somewhere' }, null)?.rejected).toBe('invalid-request')
  })

  it('shows a zap request as the daemon reads it out of a receipt', () => {
    const description = JSON.stringify(sign(example('zap-request'), CUSTOMER))
    const descriptionHash = createHash('sha256').update(description).digest('hex')
    const bolt11 = signInvoice(
      {
        ...{
          paymentHash: 'cd'.repeat(32),
          paymentSecret: 'ef'.repeat(32),
          amountMsat: 21_000 as Msat,
          description: '',
        },
        ...{ descriptionHash, timestamp: 1_790_000_003, expirySeconds: 600, prefix: 'bc' },
      },
      Buffer.alloc(32, 4),
    )
    const tags = [
      ['p', provider],
      ['e', jobId],
      ['bolt11', bolt11],
      ['description', description],
    ]
    const receipt = sign({ kind: 9735, created_at: 1_790_000_010, tags, content: '' }, SERVER)
    const read = parseZapReceipt(receipt, {
      self: provider,
      nostrPubkey: pubkeyOf(SERVER),
      lnurl: 'https://x.example/',
    })
    expect(read).toMatchObject({ zapped: jobId, invoice: { amountMsat: 21_000 } })
  })
})

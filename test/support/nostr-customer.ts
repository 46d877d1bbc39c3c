/** What does a customer see who speaks nothing but raw Nostr? Jobs out, feedback and results in, over a bare WebSocket. */
import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import { tagValue, type EventTemplate, type NostrEvent } from '../../src/core/event.js'
import type { Pubkey } from '../../src/core/identifiers.js'
import { createEncryption } from '../../src/nostr/encryption.js'
import { pubkeyOf, signEvent, verifyEvent } from '../../src/nostr/event.js'
import { openRelayClient } from './relay-client.js'

/** How long anything may take that a customer waits for. */
const PATIENCE_MS = 15_000

export type Params = Readonly<Record<string, string>>

/** The parts of the sealed content of an error that hands a credential over. */
export interface SealedCredential {
  readonly token: string
  readonly preimage: string
  readonly authorization: string
}

export interface NostrCustomer {
  readonly pubkey: Pubkey
  sign(template: Partial<EventTemplate> & { readonly kind: number }): NostrEvent
  /** Signs a job without publishing it: GET, unless `params` say otherwise. */
  job(params: Params, tags?: readonly (readonly string[])[], template?: Partial<EventTemplate>): NostrEvent
  publish(event: NostrEvent): Promise<{ ok: boolean; reason: string }>
  publishJob(params: Params, tags?: readonly (readonly string[])[]): Promise<NostrEvent>
  /** Waits for the n-th feedback of that status (the first unless said), and verifies it. */
  nextFeedback(jobId: string, status: string, nth?: number): Promise<NostrEvent>
  offer(jobId: string): Promise<{ bolt11: string; amountMsat: number; event: NostrEvent }>
  error(jobId: string, nth?: number): Promise<{ code: string; sentence: string; event: NostrEvent }>
  result(jobId: string): Promise<NostrEvent>
  /** Everything that the service provider has said of the job, in the order in which it was heard. */
  events(jobId: string): NostrEvent[]
  /** `status`, or `result` for the result, of each of those events. */
  statuses(jobId: string): string[]
  /** A signed payment proof. */
  proof(jobId: string, paymentHash: string, preimage: string): NostrEvent
  open(event: NostrEvent): SealedCredential
  /** Encrypts to the service provider (NIP-44). */
  encrypt(plaintext: string): string
  stop(): void
}

export const statusOf = (event: NostrEvent): string =>
  event.kind === 7000 ? (tagValue(event, 'status') ?? '') : 'result'

const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

/** A customer with a fresh key at one relay, who addresses one service provider. */
export async function createNostrCustomer(relayUrl: string, provider: Pubkey): Promise<NostrCustomer> {
  const secretKey = randomBytes(32)
  const pubkey = pubkeyOf(secretKey)
  const encryption = createEncryption(secretKey)
  const client = await openRelayClient(relayUrl)
  await client.subscribe('answers', { kinds: [7000, 6800], '#p': [pubkey] })

  const sign: NostrCustomer['sign'] = ({ kind, ...rest }) =>
    signEvent({ kind, created_at: nowInSeconds(), tags: [], content: '', ...rest }, secretKey, pubkey, randomBytes(32))
  const job: NostrCustomer['job'] = (params, tags = [], template = {}) =>
    sign({
      kind: 5800,
      tags: [
        ['p', provider],
        ...Object.entries({ method: 'GET', ...params }).map(([name, value]) => ['param', name, value]),
        // Two jobs of one second would be one event without it.
        ['nonce', randomBytes(8).toString('hex')],
        ...tags,
      ],
      ...template,
    })
  const events = (jobId: string): NostrEvent[] =>
    client.received('answers').filter((event) => event.pubkey === provider && tagValue(event, 'e') === jobId)

  async function nth(jobId: string, status: string, count: number): Promise<NostrEvent> {
    const event = await vi.waitFor(
      () => {
        const found = events(jobId).filter((candidate) => statusOf(candidate) === status)[count - 1]
        if (found) return found
        const said = events(jobId).map(({ kind, tags, content }) =>
          JSON.stringify({ kind, tags: tags.slice(-3), content }),
        )
        throw new Error(`no ${status} for the job, but ${said.length > 0 ? said.join('\n').slice(0, 1500) : 'nothing'}`)
      },
      { timeout: PATIENCE_MS, interval: 5 },
    )
    if (!verifyEvent(event)) throw new Error(`the ${status} is not signed properly`)
    if (tagValue(event, 'p') !== pubkey) throw new Error(`the ${status} is not addressed to the customer`)
    return event
  }

  const publish: NostrCustomer['publish'] = (event) => client.publish(event)
  return {
    pubkey,
    sign,
    job,
    publish,
    events,
    async publishJob(params, tags) {
      const event = job(params, tags)
      const { ok, reason } = await publish(event)
      if (!ok) throw new Error(`the relay refused the job: ${reason}`)
      return event
    },
    nextFeedback: (jobId, status, count = 1) => nth(jobId, status, count),
    async offer(jobId) {
      const event = await nth(jobId, 'payment-required', 1)
      const [, amount, bolt11 = ''] = event.tags.find(([name]) => name === 'amount') ?? []
      return { event, bolt11, amountMsat: Number(amount) }
    },
    async error(jobId, count = 1) {
      const event = await nth(jobId, 'error', count)
      const [, , code = '', sentence = ''] = event.tags.find(([name]) => name === 'status') ?? []
      return { event, code, sentence }
    },
    result: (jobId) => nth(jobId, 'result', 1),
    statuses: (jobId) => events(jobId).map(statusOf),
    proof(jobId, paymentHash, preimage) {
      const plaintext = JSON.stringify({ type: 'payment-proof', payment_hash: paymentHash, preimage })
      const tags = [
        ['e', jobId],
        ['p', provider],
      ]
      return sign({ kind: 7402, tags, content: encryption.encrypt(provider, plaintext) })
    },
    encrypt: (plaintext) => encryption.encrypt(provider, plaintext),
    open: (event) => JSON.parse(encryption.decrypt(provider, event.content)) as SealedCredential,
    stop: () => client.close(),
  }
}

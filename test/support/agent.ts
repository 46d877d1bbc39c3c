/** What does an agent see that speaks in gift wraps only? It has an inbox list, wraps what it says, and opens what is sent to it. */
import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import { tagValue, type EventTemplate, type NostrEvent, type Rumor } from '../../src/core/event.js'
import { isMalformed, type Pubkey } from '../../src/core/identifiers.js'
import { pubkeyOf } from '../../src/nostr/event.js'
import { GIFT_WRAP_KIND, unwrapRumor, wrapRumor, type Wrapped } from '../../src/nostr/gift-wrap.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import type { Signer } from '../../src/ports.js'
import { openRelayClient } from './relay-client.js'

const PATIENCE = { timeout: 15_000, interval: 10 }

export type Fields = Readonly<Record<string, unknown>>

export interface Agent {
  readonly pubkey: Pubkey
  readonly signer: Signer
  /** Every rumor that was sent to it and is proven to be the provider's, in the order in which it was heard. */
  readonly rumors: readonly Rumor[]
  /** Wraps a template for the provider and sends it. The same template is the same rumor in another wrap. */
  say(template: EventTemplate): Promise<Wrapped>
  publish(event: NostrEvent): Promise<{ ok: boolean; reason: string }>
  /** A message of version 1; says now, unless told otherwise. */
  message(fields: Fields, createdAt?: number): EventTemplate
  /** Waits for a message of that type about that request. */
  next(type: string, re: string): Promise<Fields>
  /** The types of all messages about that request. */
  typesAbout(re: string): string[]
  /** Waits for a wrapped event of that kind, and status where it is feedback. */
  answer(kind: number, jobId: string, status?: string): Promise<Rumor>
  stop(): void
}

export const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

export async function createAgent(
  relayUrl: string,
  provider: string,
  { inbox = [relayUrl] }: { readonly inbox?: readonly string[] } = {},
): Promise<Agent> {
  const secretKey = randomBytes(32)
  const pubkey = pubkeyOf(secretKey)
  const signer = createKeySigner(secretKey)
  const client = await openRelayClient(relayUrl)
  if (inbox.length > 0) {
    const tags = inbox.map((url) => ['relay', url])
    await client.publish(await signer.sign({ kind: 10_050, created_at: nowInSeconds(), tags, content: '' }))
  }
  await client.subscribe('inbox', { kinds: [GIFT_WRAP_KIND], '#p': [pubkey] })

  const opened = new Set<string>()
  const rumors: Rumor[] = []
  async function openAll(): Promise<void> {
    for (const wrap of client.received('inbox')) {
      if (opened.has(wrap.id)) continue
      opened.add(wrap.id)
      const rumor = await unwrapRumor(signer, wrap)
      if (!isMalformed(rumor) && rumor.pubkey === provider) rumors.push(rumor)
    }
  }
  const messages = (): Fields[] =>
    rumors.filter(({ kind }) => kind === 14).map(({ content }) => JSON.parse(content) as Fields)

  const wait = <T>(find: () => T | undefined, what: string): Promise<T> =>
    vi.waitFor(async () => {
      await openAll()
      const found = find()
      if (found !== undefined) return found
      throw new Error(
        `no ${what} among ${JSON.stringify(rumors.map(({ kind, content }) => [kind, content.slice(0, 300)]))}`,
      )
    }, PATIENCE)

  return {
    pubkey,
    signer,
    rumors,
    async say(template) {
      const wrapped = await wrapRumor(signer, provider as Pubkey, template, nowInSeconds())
      await client.publish(wrapped.wrap)
      return wrapped
    },
    publish: (event) => client.publish(event),
    message: (fields, createdAt = nowInSeconds()) => ({
      kind: 14,
      created_at: createdAt,
      tags: [['p', provider]],
      content: JSON.stringify({ v: 1, ts: new Date(createdAt * 1000).toISOString(), ...fields }),
    }),
    next: (type, re) =>
      wait(() => messages().find((fields) => fields['type'] === type && fields['re'] === re), `${type} about ${re}`),
    typesAbout: (re) => messages().flatMap((fields) => (fields['re'] === re ? [String(fields['type'])] : [])),
    answer: (kind, jobId, status) =>
      wait(
        () =>
          rumors.find(
            (rumor) =>
              rumor.kind === kind &&
              tagValue(rumor, 'e') === jobId &&
              (status === undefined || tagValue(rumor, 'status') === status),
          ),
        `${kind} ${status ?? ''}`,
      ),
    stop: () => client.close(),
  }
}

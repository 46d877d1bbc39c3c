/** Who answers the customer in tests? A provider that says what the test tells it to, honest or not. */
import { randomBytes } from 'node:crypto'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import { openRelayClient } from './relay-client.js'

const seconds = () => Math.floor(Date.now() / 1000)

export async function createScriptedProvider(relayUrl: string) {
  const signer = createKeySigner(randomBytes(32))
  const client = await openRelayClient(relayUrl)
  await client.subscribe('jobs', { kinds: [5800, 7402], '#p': [signer.pubkey] })

  const nextOf = async (kind: number): Promise<NostrEvent> => {
    const message = await client.waitFor(([type, , event]) => type === 'EVENT' && (event as NostrEvent).kind === kind)
    return message[2] as NostrEvent
  }
  const sign = (template: Partial<EventTemplate>): Promise<NostrEvent> =>
    signer.sign({ kind: 7000, created_at: seconds(), tags: [], content: '', ...template })
  const about = (job: NostrEvent): string[][] => [
    ['e', job.id],
    ['p', job.pubkey],
  ]
  const publish = async (event: NostrEvent): Promise<NostrEvent> => {
    const { ok, reason } = await client.publish(event)
    if (!ok) throw new Error(`the relay refused: ${reason}`)
    return event
  }

  return {
    pubkey: signer.pubkey,
    signer,
    client,
    sign,
    about,
    publish,
    nextJob: () => nextOf(5800),
    nextProof: () => nextOf(7402),
    /** A feedback with these tags beside `e` and `p`. */
    say: async (job: NostrEvent, tags: readonly (readonly string[])[], content = '') =>
      publish(await sign({ tags: [...about(job), ...tags], content })),
    offer: async (job: NostrEvent, amountMsat: number | string, bolt11?: string, status = 'payment-required') => {
      const amount = ['amount', String(amountMsat), ...(bolt11 === undefined ? [] : [bolt11])]
      return publish(await sign({ tags: [...about(job), ['status', status], amount] }))
    },
    deliver: async (job: NostrEvent, content: string, tags: readonly (readonly string[])[] = []) =>
      publish(await sign({ kind: 6800, tags: [...about(job), ...tags], content })),
    stop: () => client.close(),
  }
}

export type ScriptedProvider = Awaited<ReturnType<typeof createScriptedProvider>>

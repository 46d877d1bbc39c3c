/** Who answers a hirer in tests? An agent that lists itself, opens what is wrapped for it, and says what the test tells it to. */
import { randomBytes } from 'node:crypto'
import { vi } from 'vitest'
import type { EventTemplate, NostrEvent, Rumor } from '../../src/core/event.js'
import { isMalformed, type Pubkey } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import { unwrapRumor, wrapRumor } from '../../src/nostr/gift-wrap.js'
import {
  buildDispatch,
  parseDispatch,
  type DispatchMessage,
  type DispatchRequest,
} from '../../src/nostr/kinds/dispatch.js'
import { buildInboxList } from '../../src/nostr/kinds/relay-list.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import { openRelayClient } from './relay-client.js'

const seconds = (): number => Math.floor(Date.now() / 1000)

export interface AgentListing {
  readonly task: string
  readonly priceSats?: number
  readonly atMost?: boolean
  readonly topics?: readonly string[]
  /** False: it lists no inbox, so nobody may write to it. */
  readonly inbox?: boolean
}

/** What the agent heard: the message, and the rumor that carried it. */
export interface Heard<T extends DispatchMessage = DispatchMessage> {
  readonly message: T
  readonly rumor: Rumor
}

export async function createScriptedAgent(relayUrl: string, listing: AgentListing | null = null) {
  const signer = createKeySigner(randomBytes(32))
  const client = await openRelayClient(relayUrl)
  await client.subscribe('mail', { kinds: [1059], '#p': [signer.pubkey] })
  const publish = async (template: Partial<EventTemplate>): Promise<NostrEvent> => {
    const event = await signer.sign({ kind: 1, created_at: seconds(), tags: [], content: '', ...template })
    const { ok, reason } = await client.publish(event)
    if (!ok) throw new Error(`the relay refused: ${reason}`)
    return event
  }
  const list = (offer: AgentListing): Promise<NostrEvent> =>
    publish({
      kind: 31990,
      tags: [['d', 'agent'], ['k', '5800'], ...(offer.topics ?? []).map((topic) => ['t', topic])],
      content: JSON.stringify({
        name: 'an agent',
        pricing: [
          {
            capability: offer.task,
            price: offer.priceSats ?? 21,
            currency: 'sats',
            ...(offer.atMost && { atMost: true }),
          },
        ],
        paymentMethods: ['lightning'],
      }),
    })
  if (listing !== null) {
    if (listing.inbox !== false) await publish(buildInboxList({ relays: [relayUrl], createdAt: seconds() }))
    await list(listing)
  }

  const heard: Heard[] = []
  const wraps: NostrEvent[] = []
  const opened = new Set<string>()
  const open = async (): Promise<void> => {
    for (const [type, , event] of client.messages) {
      const wrap = event as NostrEvent
      if (type !== 'EVENT' || wrap.kind !== 1059 || opened.has(wrap.id)) continue
      opened.add(wrap.id)
      wraps.push(wrap)
      const rumor = await unwrapRumor(signer, wrap)
      if (isMalformed(rumor)) continue
      const message = parseDispatch(rumor)
      if (!isMalformed(message)) heard.push({ message, rumor })
    }
  }

  const next = <T extends DispatchMessage['type']>(
    type: T,
    nth = 1,
  ): Promise<Heard<Extract<DispatchMessage, { type: T }>>> =>
    vi.waitFor(
      async () => {
        await open()
        const found = heard.filter(({ message }) => message.type === type)[nth - 1]
        if (found === undefined) throw new Error(`no ${type} was heard yet`)
        return found as Heard<Extract<DispatchMessage, { type: T }>>
      },
      { timeout: 15_000, interval: 10 },
    )

  /** As it would be sent, and not sent. */
  const wrapFor = async (to: Pubkey, message: DispatchMessage): Promise<NostrEvent> => {
    const template = buildDispatch({ message, to, about: null, createdAt: seconds() })
    return (await wrapRumor(signer, to, template, seconds())).wrap
  }
  const say = async (to: Pubkey, message: DispatchMessage): Promise<void> => {
    const { ok, reason } = await client.publish(await wrapFor(to, message))
    if (!ok) throw new Error(`the relay refused: ${reason}`)
  }
  const about = ({ message }: Heard<DispatchRequest>) => ({ re: message.id, ts: new Date().toISOString() })

  return {
    pubkey: signer.pubkey,
    signer,
    client,
    heard,
    wraps,
    publish,
    list,
    next,
    nextRequest: (nth = 1) => next('dispatch-request', nth),
    /** How many different requests came, by the rumor that carried them. */
    async requests(): Promise<number> {
      await open()
      return new Set(heard.filter(({ message }) => message.type === 'dispatch-request').map(({ rumor }) => rumor.id))
        .size
    },
    wrapFor,
    say,
    accept: (request: Heard<DispatchRequest>, priceMsat: number, exact = true) =>
      say(request.rumor.pubkey, {
        type: 'dispatch-accept',
        ...about(request),
        priceMsat: priceMsat as Msat,
        exact,
        delivers: 'text',
      }),
    counter: (request: Heard<DispatchRequest>, priceMsat: number) =>
      say(request.rumor.pubkey, {
        type: 'dispatch-counter',
        ...about(request),
        priceMsat: priceMsat as Msat,
        reason: 'dearer',
      }),
    refuse: (request: Heard<DispatchRequest>, code: string | null, reason: string) =>
      say(request.rumor.pubkey, { type: 'dispatch-refuse', ...about(request), code, reason }),
    invoice: (request: Heard<DispatchRequest>, bolt11: string, amountMsat: number) =>
      say(request.rumor.pubkey, {
        type: 'dispatch-invoice',
        ...about(request),
        bolt11,
        amountMsat: amountMsat as Msat,
        expires: '',
      }),
    status: (request: Heard<DispatchRequest>, status: string) =>
      say(request.rumor.pubkey, { type: 'dispatch-status', ...about(request), status }),
    result: (request: Heard<DispatchRequest>, output: string, tags: readonly (readonly string[])[] = []) =>
      say(request.rumor.pubkey, { type: 'dispatch-result', ...about(request), output, tags }),
    fail: (
      request: Heard<DispatchRequest>,
      code: string,
      credential: Readonly<Record<string, unknown>> | null = null,
    ) =>
      say(request.rumor.pubkey, { type: 'dispatch-failure', ...about(request), code, error: 'it failed', credential }),
    stop: () => client.close(),
  }
}

export type ScriptedAgent = Awaited<ReturnType<typeof createScriptedAgent>>

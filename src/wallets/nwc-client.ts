/**
 * How is the wallet asked? By @getalby/sdk 7.0.0, one short-lived client per request, with its sockets, its printing and its crashes
 * replaced: it opens no connection of its own, its public methods (which print whole replies when they fail) are not called, and what
 * it reads has been verified, opened and parsed before, so that nothing in it can throw.
 */
import { randomBytes } from 'node:crypto'
import type { NWCClient } from '@getalby/sdk/nwc'
import { WebSocket } from 'ws'
import type { NostrEvent, EventTemplate } from '../core/event.js'
import { signEvent } from '../nostr/event.js'
import type { Clock } from '../ports.js'
import type { Exchanged, NwcChannel } from './nwc-channel.js'
import type { NwcCipher, NwcEncryption } from './nwc-cipher.js'
import { localFault, parseReply, type NwcReply } from './nwc-reply.js'
import type { NwcConnection } from './nwc-uri.js'

export type NwcMethod =
  | 'get_info'
  | 'lookup_invoice'
  | 'list_transactions'
  | 'pay_invoice'
  | 'make_invoice'
  | 'make_hold_invoice'
  | 'settle_hold_invoice'
  | 'cancel_hold_invoice'

/** How long the answer is waited for. A wallet must not begin on a request that is older (its `expiration` tag). */
const REPLY_TIMEOUT_MS: Readonly<Record<NwcMethod, number>> = {
  get_info: 10_000,
  lookup_invoice: 20_000,
  list_transactions: 20_000,
  pay_invoice: 60_000,
  make_invoice: 20_000,
  make_hold_invoice: 20_000,
  settle_hold_invoice: 30_000,
  cancel_hold_invoice: 30_000,
}

/** The SDK keeps timers of its own; ours always end the request first. */
const SDK_TIMEOUT_MARGIN_MS = 60_000

export interface NwcClient {
  /** Never throws, and always ends: by an answer, by the time, or by the channel's stop. */
  ask(method: NwcMethod, parameters: object, encryption: NwcEncryption): Promise<NwcReply>
}

interface Dependencies {
  readonly connection: NwcConnection
  readonly channel: NwcChannel
  readonly cipher: NwcCipher
  readonly clock: Clock
}

/** What the SDK asks of its pool, and the request beneath its public methods: both private in its types, pinned by tests. */
type SdkOnEvent = { readonly onevent: (event: { readonly content: string }) => void }
interface SdkRequest {
  executeNip47Request(
    method: NwcMethod,
    parameters: object,
    isValid: (result: unknown) => boolean,
    timeouts: { readonly replyTimeout: number; readonly publishTimeout: number },
  ): Promise<object>
}

type Sdk = typeof import('@getalby/sdk/nwc')

let loading: Promise<Sdk> | undefined

/**
 * The SDK takes the global WebSocket when it is imported and complains where there is none, as on Node 20. It stays: another package
 * of this process may have been given the same one meanwhile, and behaves alike on every Node version only with it.
 */
async function importSdk(): Promise<Sdk> {
  Reflect.set(globalThis, 'WebSocket', WebSocket)
  return import('@getalby/sdk/nwc')
}

export async function createNwcClient({ connection, channel, cipher, clock }: Dependencies): Promise<NwcClient> {
  const { NWCClient, Nip47WalletError } = await (loading ??= importSdk())
  const { walletPubkey, clientPubkey, secretKey, relays } = connection
  const secret = Buffer.from(secretKey).toString('hex')

  class OneRequest extends NWCClient {
    readonly #method: NwcMethod
    readonly #encryption: NwcEncryption
    #onReply: SdkOnEvent['onevent'] = () => undefined

    constructor(method: NwcMethod, encryption: NwcEncryption) {
      super({ walletPubkey, relayUrls: [...relays], secret })
      this.#method = method
      this.#encryption = encryption
      this.pool = this.#createPool() as unknown as NWCClient['pool']
    }

    override get encryptionType(): NwcEncryption {
      return this.#encryption
    }

    /** Asked once per client; what was negotiated at the start is in `encryptionType`. Answering NIP-04 here makes the SDK print. */
    override getWalletServiceInfo(): ReturnType<NWCClient['getWalletServiceInfo']> {
      return Promise.resolve({ encryptions: ['nip44_v2'], capabilities: [], notifications: [] })
    }

    override encrypt(_pubkey: string, plaintext: string): Promise<string> {
      return Promise.resolve(cipher.encrypt(this.#encryption, plaintext))
    }

    /** What arrives here was opened by the channel. An error thrown here would end the process. */
    override decrypt(_pubkey: string, content: string): Promise<string> {
      return Promise.resolve(content)
    }

    /** The SDK sends no `expiration`, without which a wallet that was offline may pay long after we gave up. */
    override signEvent(template: EventTemplate): ReturnType<NWCClient['signEvent']> {
      const created_at = Math.floor(clock.now() / 1000)
      const expiration = created_at + Math.floor(REPLY_TIMEOUT_MS[this.#method] / 1000)
      const tags = [...template.tags, ['expiration', String(expiration)]]
      const event = signEvent({ ...template, created_at, tags }, secretKey, clientPubkey, randomBytes(32))
      return Promise.resolve(event as unknown as Awaited<ReturnType<NWCClient['signEvent']>>)
    }

    #createPool(): object {
      return {
        ensureRelay: () => Promise.resolve(),
        subscribe: (_relays: string[], _filter: object, { onevent }: SdkOnEvent) => {
          this.#onReply = onevent
          return { close: () => undefined }
        },
        publish: (_relays: string[], event: NostrEvent) => {
          channel.exchange({
            event,
            timeoutMs: REPLY_TIMEOUT_MS[this.#method],
            patient: this.#method === 'pay_invoice',
            deliver: (outcome) => this.#onReply({ content: JSON.stringify(toSdk(outcome, this.#method)) }),
          })
          return [Promise.resolve('')]
        },
      }
    }
  }

  return {
    async ask(method, parameters, encryption) {
      const request = new OneRequest(method, encryption) as unknown as SdkRequest
      const replyTimeout = REPLY_TIMEOUT_MS[method] + SDK_TIMEOUT_MARGIN_MS
      try {
        const timeouts = { replyTimeout, publishTimeout: replyTimeout }
        return { type: 'result', result: await request.executeNip47Request(method, parameters, () => true, timeouts) }
      } catch (error) {
        return error instanceof Nip47WalletError ? { type: 'error', code: error.code } : localFault('local:failed')
      }
    },
  }
}

/** A reply in the one shape that the SDK reads without fault. Its errors carry a code and never the wallet's words. */
function toSdk(outcome: Exchanged, method: NwcMethod): object {
  const reply = 'fault' in outcome ? localFault(outcome.fault) : parseReply(outcome.plaintext, method)
  return reply.type === 'result' ? { result: reply.result } : { error: { code: reply.code, message: 'refused' } }
}

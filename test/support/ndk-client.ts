/** What does a customer do who uses NDK's own NIP-90 classes? They build, encrypt, sign and publish the job, and read what is answered. */
import NDK, {
  NDKDVMJobFeedback,
  NDKDVMJobResult,
  NDKDVMRequest,
  NDKPrivateKeySigner,
  NDKUser,
  type NDKEvent,
  type NDKSubscription,
} from '@nostr-dev-kit/ndk'
import { vi } from 'vitest'
import WebSocket from 'ws'

export interface NdkClient {
  readonly ndk: NDK
  readonly pubkey: string
  /** A signed job that NDK has published; `encrypt` calls NDK's `encryption()`. */
  publishJob(
    params: Readonly<Record<string, string>>,
    how?: { encrypt?: 'nip44' | 'nip04'; bid?: number; inputs?: string[] },
  ): Promise<NDKDVMRequest>
  /** Waits for feedback of that status, read by `NDKDVMJobFeedback.from`. */
  feedback(jobId: string, status: string): Promise<NDKDVMJobFeedback>
  /** Waits for the result; its content is opened by NDK where it is tagged as encrypted. */
  result(jobId: string): Promise<NDKDVMJobResult>
  /** Everything that was heard of the job, as it came. */
  heard(jobId: string): NDKEvent[]
  stop(): void
}

const PATIENCE = { timeout: 15_000, interval: 10 }

export async function createNdkClient(relayUrl: string, provider: string): Promise<NdkClient> {
  Object.assign(globalThis, { WebSocket })
  const signer = NDKPrivateKeySigner.generate()
  const ndk = new NDK({ explicitRelayUrls: [relayUrl], signer, enableOutboxModel: false, autoConnectUserRelays: false })
  await ndk.connect(2_000)
  const { pubkey } = await signer.user()
  const service = new NDKUser({ pubkey: provider })
  service.ndk = ndk
  const events: NDKEvent[] = []
  const listening: NDKSubscription = ndk.subscribe(
    { kinds: [7000, 6800 as never], '#p': [pubkey] },
    { closeOnEose: false, groupable: false, onEvent: (event: NDKEvent) => void events.push(event) },
  )
  const heard = (jobId: string) => events.filter((event) => event.tagValue('e') === jobId && event.pubkey === provider)

  return {
    ndk,
    pubkey,
    heard,
    async publishJob(params, { encrypt, bid, inputs = [] } = {}) {
      const request = new NDKDVMRequest(ndk)
      request.kind = 5800
      for (const [name, value] of Object.entries({ method: 'GET', ...params })) request.addParam(name, value)
      for (const input of inputs) request.addInput(input, 'text')
      request.tags.push(['relays', relayUrl])
      if (bid !== undefined) request.bid = bid
      if (encrypt === undefined) request.dvm = service
      else await request.encryption(service, encrypt === 'nip44' ? signer : onlyNip04(signer))
      await request.publish()
      return request
    },
    feedback: (jobId, status) =>
      vi.waitFor(async () => {
        const feedback = heard(jobId).filter(({ kind }) => kind === 7000)
        for (const event of feedback) {
          const read = await NDKDVMJobFeedback.from(event)
          if (read.status === status) return read
        }
        throw new Error(`no ${status} among ${feedback.length}`)
      }, PATIENCE),
    result: (jobId) =>
      vi.waitFor(async () => {
        const event = heard(jobId).find(({ kind }) => kind === 6800)
        if (!event) throw new Error('no result')
        const result = NDKDVMJobResult.from(event)
        if (result.hasTag('encrypted')) await result.decrypt(service)
        return result
      }, PATIENCE),
    stop() {
      listening.stop()
      for (const relay of ndk.pool.relays.values()) relay.disconnect()
    },
  }
}

/** As a signer that knows nothing newer: NDK then falls back to NIP-04 by itself. */
function onlyNip04(signer: NDKPrivateKeySigner): NDKPrivateKeySigner {
  const old = Object.create(signer) as NDKPrivateKeySigner
  old.encryptionEnabled = (scheme) => Promise.resolve(scheme === 'nip44' ? (null as never) : ['nip04'])
  return old
}

/** Who signs for this daemon, and what seals its state? The key of the configuration, here or with a remote signer. */
import { randomBytes } from 'node:crypto'
import { BLOB_AUTHORIZATION_KIND } from '../blossom/authorization.js'
import type { Config } from '../config/config.js'
import { sealingKeyOf } from '../config/sealing-key.js'
import type { EventTemplate } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import { makeDirectory } from '../system/make-directory.js'
import { drawSecretKey, pubkeyOf, signEvent } from '../nostr/event.js'
import { SEAL_KIND } from '../nostr/gift-wrap.js'
import { DELETION_KIND, HANDLER_KIND, PAID_SERVICE_KIND } from '../nostr/kinds/announcement.js'
import { BLOB_SERVERS_KIND } from '../nostr/kinds/blob.js'
import { HEARTBEAT_KIND } from '../nostr/kinds/heartbeat.js'
import { JOB_FEEDBACK_KIND } from '../nostr/kinds/job-feedback.js'
import { PROBE_KIND } from '../nostr/kinds/probe.js'
import { PROFILE_KIND } from '../nostr/kinds/profile.js'
import { INBOX_LIST_KIND, RELAY_LIST_KIND } from '../nostr/kinds/relay-list.js'
import type { BunkerAddress, SignerPermissions } from '../nostr/kinds/remote-signing.js'
import { AUTHENTICATION_KIND } from '../nostr/relay-authentication.js'
import { createRelayPool } from '../nostr/relay-pool.js'
import { openRemoteSigner } from '../nostr/remote-signer.js'
import { createKeySigner } from '../nostr/signer.js'
import type { Clock, Logger, Signer } from '../ports.js'
import { loadSignerRecord, saveSignerRecord } from '../stores/signer-file.js'
import { loadStateKey, readStateKey } from '../stores/state-key.js'

/** NIP-78: `tollbridge check` proves relays with one. */
export const CHECK_KIND = 30_078

export interface Signing {
  readonly signer: Signer
  stop(): Promise<void>
}

/** Every kind that is ever signed with the daemon's key; results are of the kind of their job plus 1000 (NIP-90). */
export const signedKinds = (jobKinds: readonly number[]): number[] => [
  ...[
    PROFILE_KIND,
    DELETION_KIND,
    SEAL_KIND,
    JOB_FEEDBACK_KIND,
    RELAY_LIST_KIND,
    INBOX_LIST_KIND,
    HEARTBEAT_KIND,
    BLOB_SERVERS_KIND,
  ],
  ...[AUTHENTICATION_KIND, BLOB_AUTHORIZATION_KIND, PROBE_KIND, CHECK_KIND, HANDLER_KIND, PAID_SERVICE_KIND],
  ...jobKinds.map((kind) => kind + 1_000),
]

/**
 * A remote signer that is new is waited for until it answers, or its owner has approved.
 * @throws TollbridgeError `signer-unavailable`, `key-unusable`
 */
export async function openSigning(
  { key, stateDirectory, encryption, signerTimeoutSeconds }: Config,
  wiring: { readonly clock: Clock; readonly log: Logger; readonly jobKinds: readonly number[] },
): Promise<Signing> {
  if (key.type === 'secret') return { signer: createKeySigner(key.secretKey), stop: async () => undefined }
  // The clock does not keep the process alive, and there may be nothing else to wait for yet.
  const awake = setInterval(() => undefined, 2 ** 30)
  try {
    await makeDirectory(stateDirectory, 0o700)
    const kinds = signedKinds(wiring.jobKinds)
    return await openRemote(key.address, stateDirectory, {
      ...wiring,
      permissions: { kinds, nip04: encryption.jobs !== 'refuse' },
      timeoutMs: signerTimeoutSeconds * 1000,
    })
  } finally {
    clearInterval(awake)
  }
}

async function openRemote(
  address: BunkerAddress,
  directory: string,
  wiring: {
    readonly clock: Clock
    readonly log: Logger
    readonly permissions: SignerPermissions
    readonly timeoutMs: Millis
  },
): Promise<Signing> {
  const { clock, log, permissions, timeoutMs } = wiring
  const record = await loadSignerRecord(directory, address.signer, () => drawSecretKey(randomBytes))
  const { clientKey } = record
  const self = pubkeyOf(clientKey)
  // A pool of its own: its relays are told who we are by the client's key, since the signer's is what we come to ask for.
  const pool = createRelayPool({
    ...{ clock, log, cursors: { cursor: () => undefined, putCursor: () => undefined } },
    own: new Set([...address.relays, ...(record.known?.relays ?? [])]),
    authenticate: async (template: EventTemplate) => signEvent(template, clientKey, self, randomBytes(32)),
  })
  try {
    const signer = await openRemoteSigner({
      ...{ address, clientKey, pool, clock, log, permissions, timeoutMs },
      known: record.known,
      remember: (known) => saveSignerRecord(directory, { ...record, known }),
      random: Math.random,
    })
    return {
      signer,
      async stop() {
        signer.stop()
        await pool.stop()
      },
    }
  } catch (error) {
    await pool.stop()
    throw error
  }
}

/**
 * Derived from a key that is here, so that there is one secret to back up. A state that was begun with a remote signer has a key of
 * its own, and keeps it. @throws TollbridgeError `key-unusable`
 */
export async function sealingKeyFor({ key, stateDirectory }: Config): Promise<Uint8Array> {
  if (key.type === 'remote') return loadStateKey(stateDirectory)
  return (await readStateKey(stateDirectory)) ?? sealingKeyOf(key.secretKey)
}

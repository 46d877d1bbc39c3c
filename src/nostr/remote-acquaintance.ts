/** Is the remote signer there, whose key does it hold, and where is it to be found? (NIP-46 §Overview) */
import { TollbridgeError } from '../core/errors.js'
import { isMalformed, parsePubkey, type Pubkey } from '../core/identifiers.js'
import type { Logger } from '../ports.js'
import {
  parseSwitchedRelays,
  serialisePermissions,
  type BunkerAddress,
  type SignerPermissions,
} from './kinds/remote-signing.js'
import type { RemoteCalls } from './remote-calls.js'

/** What is remembered of a signer between two runs. */
export interface SignerAcquaintance {
  readonly pubkey: Pubkey
  readonly relays: readonly string[]
}

export interface AcquaintanceOptions {
  readonly address: BunkerAddress
  /** Null before the first connection. */
  readonly known: SignerAcquaintance | null
  readonly remember: (acquaintance: SignerAcquaintance) => Promise<void>
  readonly permissions: SignerPermissions
  readonly log: Logger
}

export interface Acquaintance {
  /** @throws TollbridgeError `signer-unavailable`, `key-unusable` where it signs for another key than before. */
  greet(): Promise<void>
  /** @throws TollbridgeError `signer-unavailable` before the first greeting of a signer that was not known. */
  pubkey(): Pubkey
}

export const unavailable = (why: string): TollbridgeError =>
  new TollbridgeError('signer-unavailable', `the remote signer is not available: ${why}`)

export function createAcquaintance(wiring: AcquaintanceOptions & { readonly calls: RemoteCalls }): Acquaintance {
  const { address, permissions, log, calls } = wiring
  let { known } = wiring
  let relays = known?.relays ?? address.relays

  async function readPubkey(): Promise<Pubkey> {
    const outcome = await calls.call('get_public_key', [])
    if (outcome.type !== 'result') throw unavailable(`get_public_key: ${outcome.reason}`)
    const pubkey = parsePubkey(outcome.result)
    if (isMalformed(pubkey)) throw unavailable('it does not tell its public key')
    return pubkey
  }

  /** A secret is good once: a signer that knows us may refuse or ignore it, and answers all the same. */
  async function introduce(): Promise<Pubkey> {
    const everywhere = [...new Set([...relays, ...address.relays])]
    calls.useRelays(everywhere)
    const asked = serialisePermissions(permissions)
    const outcome = await calls.call('connect', [address.signer, address.secret ?? '', asked])
    if (outcome.type === 'refused' && !known) throw unavailable(`connect: ${outcome.reason}`)
    if (outcome.type === 'silent' && !known) throw unavailable(`connect: ${outcome.reason}`)
    const pubkey = await readPubkey()
    relays = everywhere
    return pubkey
  }

  /** Where the signer says it will be found, it is sought from now on, unless it is not there. */
  async function followRelays(): Promise<void> {
    const outcome = await calls.call('switch_relays', [])
    const wanted = outcome.type === 'result' ? parseSwitchedRelays(outcome.result) : null
    if (wanted === null || wanted.join() === relays.join()) return
    calls.useRelays(wanted)
    const found = await calls.call('get_public_key', [])
    if (found.type === 'result') relays = wanted
    else log.warn({ relays: wanted }, 'the remote signer is not where it said it would be')
    calls.useRelays(relays)
  }

  return {
    async greet() {
      const pubkey = known ? await readPubkey().catch(introduce) : await introduce()
      if (known && pubkey !== known.pubkey) {
        throw new TollbridgeError(
          'key-unusable',
          `the remote signer signs for ${pubkey}, and this state is of ${known.pubkey}`,
        )
      }
      await followRelays()
      if (known?.relays.join() === relays.join()) return
      known = { pubkey, relays }
      await wiring.remember(known)
    },
    pubkey() {
      if (known) return known.pubkey
      throw unavailable('it does not tell its public key')
    },
  }
}

/** Where may others answer us? Our inbox list (kind 10050), published where there is none: without one nobody may write (NIP-17). */
import type { Filter, NostrEvent } from '../core/event.js'
import { TollbridgeError } from '../core/errors.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import { buildInboxList, INBOX_LIST_KIND, parseInboxList, parseRelayList, RELAY_LIST_KIND } from '../nostr/kinds/relay-list.js' // prettier-ignore
import type { Clock, RelayPool, Signer } from '../ports.js'

const LOOKUP_MS: Millis = 4_000

export interface OwnInbox {
  /** The signed list, to be shown wherever somebody may look for it. */
  readonly list: NostrEvent
  /** Where we read: the list's relays, those of our relay list (NIP-65) marked for reading, and the ones we were told of. */
  readonly relays: readonly string[]
  readonly isNew: boolean
}

/**
 * A list that is there stays as it is. @throws TollbridgeError `timeout` where no relay answers or takes the list: whether there is
 * one is unknown then, and it must not be written over.
 */
export async function openOwnInbox(options: {
  readonly signer: Signer
  readonly relayPool: RelayPool
  readonly relays: readonly string[]
  /** For a new list. */
  readonly inboxRelays: readonly string[]
  readonly clock: Clock
}): Promise<OwnInbox> {
  const { signer, relayPool, relays, inboxRelays, clock } = options
  const filter: Filter = { kinds: [INBOX_LIST_KIND, RELAY_LIST_KIND], authors: [signer.pubkey] }
  const { events, answered } = await relayPool.fetch([...new Set([...relays, ...inboxRelays])], filter, LOOKUP_MS)
  if (answered === 0) throw new TollbridgeError('timeout', 'none of the relays answers')
  const newest = (kind: number): NostrEvent | undefined =>
    events
      .filter((event) => event.kind === kind && event.pubkey === signer.pubkey && verifyEvent(event))
      .sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1))[0]
  const readList = newest(RELAY_LIST_KIND)
  const parsedReads = readList === undefined ? null : parseRelayList(readList)
  const reads = parsedReads === null || isMalformed(parsedReads) ? [] : parsedReads.read
  const known = newest(INBOX_LIST_KIND)
  const parsed = known === undefined ? [] : parseInboxList(known)
  const listed = isMalformed(parsed) ? [] : parsed
  if (known !== undefined && listed.length > 0) {
    return { list: known, relays: [...new Set([...listed, ...reads, ...relays])], isNew: false }
  }
  const createdAt = Math.max(Math.floor(clock.now() / 1000), (known?.created_at ?? 0) + 1)
  const list = await signer.sign(buildInboxList({ relays: inboxRelays, createdAt }))
  const verdicts = await Promise.all(relays.map((relay) => relayPool.publish(list, relay)))
  if (!verdicts.some(({ type }) => type === 'accepted')) {
    throw new TollbridgeError('timeout', 'no relay took our inbox list, so nobody could answer')
  }
  return { list, relays: [...new Set([...inboxRelays, ...reads, ...relays])], isNew: true }
}

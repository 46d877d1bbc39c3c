/** Where does somebody read and write? Kind 10002, the relay list (NIP-65), and kind 10050, the inbox of private messages (NIP-17). */
import type { EventTemplate } from '../../core/event.js'
import { isMalformed, malformed, type Malformed, type Seconds } from '../../core/identifiers.js'
import { parseRelayUrl } from '../relay-url.js'

export const RELAY_LIST_KIND = 10002
export const INBOX_LIST_KIND = 10050

/** Further entries of a list are not looked at: a list names a few relays (NIP-65 §Size). */
const MOST_ENTRIES = 100

/** Relays in their one spelling, in the order of the list, each once. */
export interface RelayList {
  /** Where its author reads what concerns them: answers to them go there. */
  readonly read: readonly string[]
  /** Where its author publishes. */
  readonly write: readonly string[]
}

export function buildRelayList({ read, write, createdAt }: RelayList & { readonly createdAt: Seconds }): EventTemplate {
  const both = new Set(read.filter((url) => write.includes(url)))
  const tags = [...new Set([...read, ...write])].map((url) =>
    both.has(url) ? ['r', url] : ['r', url, read.includes(url) ? 'read' : 'write'],
  )
  return { kind: RELAY_LIST_KIND, created_at: createdAt, tags, content: '' }
}

/** An entry without a marker is for both; one with a marker that NIP-65 does not know is for neither. */
export function parseRelayList({ kind, tags }: Pick<EventTemplate, 'kind' | 'tags'>): RelayList | Malformed {
  if (kind !== RELAY_LIST_KIND) return malformed('a relay list is of kind 10002')
  const entries = tags.filter(([name]) => name === 'r').slice(0, MOST_ENTRIES)
  const marked = (marker: 'read' | 'write') =>
    relaysOf(entries.filter(([, , given = '']) => given === '' || given === marker))
  return { read: marked('read'), write: marked('write') }
}

export function buildInboxList(draft: {
  readonly relays: readonly string[]
  readonly createdAt: Seconds
}): EventTemplate {
  const tags = [...new Set(draft.relays)].map((url) => ['relay', url])
  return { kind: INBOX_LIST_KIND, created_at: draft.createdAt, tags, content: '' }
}

/** The relays that take gift wraps for the list's author. */
export function parseInboxList({ kind, tags }: Pick<EventTemplate, 'kind' | 'tags'>): readonly string[] | Malformed {
  if (kind !== INBOX_LIST_KIND) return malformed('an inbox list is of kind 10050')
  return relaysOf(tags.filter(([name]) => name === 'relay').slice(0, MOST_ENTRIES))
}

/** What is no relay's URL is passed over: one bad entry must not cost the others. */
function relaysOf(entries: EventTemplate['tags']): string[] {
  const urls = entries.map(([, url]) => parseRelayUrl(url))
  return [...new Set(urls.filter((url): url is string => !isMalformed(url)))]
}

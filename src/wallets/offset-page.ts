/**
 * Which page of a list comes next, where pages are counted by offset, newest first? What arrives meanwhile pushes entries back, so that a
 * page may repeat some and never skips one, and any number of entries may share one second.
 */
import type { IncomingPage, SettledIncoming } from '../ports.js'

/**
 * The last page is the one that is empty, as a wallet may serve fewer than asked for; the one that begins as the page before it did, as a
 * wallet may know no offset; or the one that reaches back far enough.
 */
export async function pageByOffset<T>(
  cursor: string | null,
  reading: {
    readonly list: (offset: number) => Promise<readonly T[]>
    readonly idOf: (entry: T) => string
    /** Null where it proves nothing. */
    readonly settledOf: (entry: T) => SettledIncoming | null
    /** True where an entry is older than what is asked for, and so is all that follows; default: the list holds none. */
    readonly isOlder?: (entry: T) => boolean
  },
): Promise<IncomingPage> {
  const { list, idOf, settledOf, isOlder = () => false } = reading
  const [, digits = '0', before] = /^([0-9]{1,12}):(.*)$/s.exec(cursor ?? '') ?? []
  const offset = Number(digits)
  const entries = await list(offset)
  const [first] = entries.map(idOf)
  if (first === undefined || first === before) return { settled: [], cursor: null }
  const recent = entries.filter((entry) => !isOlder(entry))
  return {
    settled: recent.flatMap((entry) => settledOf(entry) ?? []),
    cursor: recent.length < entries.length ? null : `${offset + entries.length}:${first}`,
  }
}

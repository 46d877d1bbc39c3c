/** Which of the relays that a customer names may be written to? Bounded, ws or wss, and none on a private network. */
import { isMalformed } from '../core/identifiers.js'
import { isPublicHost } from '../core/hosts.js'
import { parseRelayUrl } from '../nostr/relay-url.js'

export interface ReplyRelayRules {
  /** The most that are not our own. */
  readonly max: number
  readonly allowPrivate: boolean
  /** The operator's own relays, which may be anywhere. */
  readonly own: ReadonlySet<string>
}

/** Further names are not looked at. */
const MOST_NAMED = 100

/** The admissible ones in their order, in one spelling each. */
export function admissibleRelays(named: readonly string[], rules: ReplyRelayRules): string[] {
  const admitted = new Set<string>()
  let strangers = 0
  for (const candidate of named.slice(0, MOST_NAMED)) {
    const url = parseRelayUrl(candidate)
    if (isMalformed(url) || admitted.has(url)) continue
    if (!rules.own.has(url)) {
      if (strangers >= rules.max) continue
      if (!rules.allowPrivate && !isPublicHost(new URL(url).hostname)) continue
      strangers += 1
    }
    admitted.add(url)
  }
  return [...admitted]
}

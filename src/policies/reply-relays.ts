/** Which of the relays that a customer names may be written to? Bounded, ws or wss, and none on a private network. */
import { isMalformed } from '../core/identifiers.js'
import { isPublicHost } from '../core/hosts.js'
import { parseRelayUrl } from '../nostr/relay-url.js'

export interface ReplyRelayRules {
  readonly max: number
  readonly allowPrivate: boolean
  /** The operator's own relays, which may be anywhere. */
  readonly own: ReadonlySet<string>
}

/** The admissible ones in their order, in one spelling each. */
export function admissibleRelays(named: readonly string[], rules: ReplyRelayRules): string[] {
  const admitted = new Set<string>()
  for (const candidate of named) {
    const url = parseRelayUrl(candidate)
    if (isMalformed(url)) continue
    if (!rules.own.has(url) && !rules.allowPrivate && !isPublicHost(new URL(url).hostname)) continue
    admitted.add(url)
    if (admitted.size >= rules.max) break
  }
  return [...admitted]
}

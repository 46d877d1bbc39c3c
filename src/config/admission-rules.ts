/** Which settings of admission contradict each other? Every sentence names both and the way out. */
import { decode as decodeNip19 } from 'nostr-tools/nip19'
import type { z } from 'zod'
import { isMalformed, parsePubkey, type Pubkey } from '../core/identifiers.js'
import type { Way } from '../policies/ways.js'

interface WaySettings {
  readonly allow?: readonly string[] | undefined
  readonly deny?: readonly string[] | undefined
  readonly workBits?: number | undefined
  readonly rankProviders: Readonly<Record<string, unknown>>
  readonly any?: readonly Way[] | undefined
}

/** An npub or 64 hex digits (NIP-19), or null. */
export function readPubkey(value: string): Pubkey | null {
  const hex = parsePubkey(value)
  if (!isMalformed(hex)) return hex
  try {
    const decoded = decodeNip19(value)
    return decoded.type === 'npub' ? (decoded.data as Pubkey) : null
  } catch {
    return null // not bech32, or a wrong checksum
  }
}

/** The ways that are set up by themselves. */
export const waysSetUp = (settings: WaySettings): Way[] => [
  ...((settings.allow ?? []).length > 0 ? (['allow'] as const) : []),
  ...(Object.keys(settings.rankProviders).length > 0 ? (['rank'] as const) : []),
  ...(settings.workBits !== undefined ? (['work'] as const) : []),
]

const HOW_TO: Readonly<Record<string, string>> = {
  allow: 'list keys under allow',
  rank: 'add one to rankProviders',
  work: 'set workBits',
}

/** A way that leads nowhere, or a rule that nobody applies, is a mistake. */
export function checkWays(settings: WaySettings, ctx: z.RefinementCtx): void {
  const say = (path: (string | number)[], message: string) => ctx.addIssue({ code: 'custom', path, message })
  const denied = new Set((settings.deny ?? []).map(readPubkey))
  for (const [index, key] of (settings.allow ?? []).entries()) {
    if (denied.has(readPubkey(key))) say(['allow', index], 'stands in allow and in deny: remove it from one of them')
  }
  if (!settings.any) return
  const setUp = new Set<string>(waysSetUp(settings))
  for (const [index, way] of settings.any.entries()) {
    const missing = way.split('+').find((part) => !setUp.has(part))
    if (missing)
      say(['any', index], `names ${way}, and ${missing} is not set up: ${HOW_TO[missing] ?? ''}, or remove it`)
  }
  const named = new Set(settings.any.flatMap((way) => way.split('+')))
  for (const way of setUp) {
    if (!named.has(way)) say(['any'], `does not name ${way}, which is set up and so would do nothing: add it here`)
  }
}

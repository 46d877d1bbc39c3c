/** Who uploads or deletes this blob? A token for one blob at named servers, signed and short-lived (BUD-11). */
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Seconds } from '../core/identifiers.js'

export const BLOB_AUTHORIZATION_KIND = 24_242

const LIFETIME_S: Seconds = 600
/** Servers whose clock is behind ours refuse what was made in their future. */
const BACK_DATED_S: Seconds = 20

const WORDS = { upload: 'Upload an encrypted blob', delete: 'Delete an encrypted blob' } as const

/** `servers` are their URLs; the tag wants their domain names. */
export function buildBlobAuthorization(draft: {
  readonly verb: keyof typeof WORDS
  readonly x: string
  readonly servers: readonly string[]
  readonly now: Seconds
}): EventTemplate {
  const hosts = new Set(draft.servers.map((server) => new URL(server).hostname))
  return {
    kind: BLOB_AUTHORIZATION_KIND,
    created_at: draft.now - BACK_DATED_S,
    tags: [
      ['t', draft.verb],
      ['x', draft.x],
      ['expiration', String(draft.now + LIFETIME_S)],
      ...[...hosts].map((host) => ['server', host]),
    ],
    content: WORDS[draft.verb],
  }
}

/**
 * The value of the Authorization header. Older servers read base64 with its padding, newer ones base64url without: text of a
 * length that three divides, in characters that both alphabets spell alike, is the same in all of them.
 */
export function authorizationOf(token: NostrEvent): string {
  const json = JSON.stringify(token)
  const even = json.padEnd(Math.ceil(Buffer.byteLength(json) / 3) * 3 - Buffer.byteLength(json) + json.length)
  return `Nostr ${Buffer.from(even).toString('base64url')}`
}

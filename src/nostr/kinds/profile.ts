/** Kind 0: who are we, for people who look? (NIP-01, NIP-05, NIP-24) */
import type { EventTemplate } from '../../core/event.js'
import type { Seconds } from '../../core/identifiers.js'

export const PROFILE_KIND = 0

export interface Profile {
  readonly name: string
  readonly about: string
  readonly picture: string | null
  readonly website: string | null
  /** `name@domain`, which must name our key. */
  readonly nip05: string | null
  /** Where zaps go. Only what the operator gave: a wallet that is not watched would take money for nothing. */
  readonly lud16: string | null
}

export function buildProfile(profile: Profile, createdAt: Seconds): EventTemplate {
  const { name, about, picture, website, nip05, lud16 } = profile
  const content = {
    name,
    about,
    ...(picture === null ? {} : { picture }),
    ...(website === null ? {} : { website }),
    ...(nip05 === null ? {} : { nip05 }),
    ...(lud16 === null ? {} : { lud16 }),
    bot: true,
  }
  return { kind: PROFILE_KIND, created_at: createdAt, tags: [], content: JSON.stringify(content) }
}

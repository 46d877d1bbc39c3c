/** Kinds 31990 and 31402: what do we offer, and on what terms? (NIP-89 §Handler information; the two dialects of paid-service listings) */
import type { EventTemplate } from '../../core/event.js'
import type { Pubkey, Seconds } from '../../core/identifiers.js'
import { satsRoundedUp, type Msat } from '../../core/money.js'

export const HANDLER_KIND = 31_990
export const PAID_SERVICE_KIND = 31_402
export const DELETION_KIND = 5

export interface Capability {
  readonly name: string
  readonly description: string | null
  readonly methods: readonly string[]
  readonly pattern: string
  /** What one call costs at most. */
  readonly maxMsat: Msat
  /** What one call costs, where that is known. */
  readonly priceMsat: Msat | null
}

export interface Announcement {
  readonly identifier: string
  readonly name: string
  readonly about: string
  readonly picture: string | null
  readonly topics: readonly string[]
  readonly kinds: readonly number[]
  /** Public URLs of the API only; what the daemon itself calls stays private. */
  readonly urls: readonly string[]
  readonly capabilities: readonly Capability[]
  /** What a job of these kinds may say in `param` tags. */
  readonly params: Readonly<Record<string, { readonly required: boolean; readonly values: readonly string[] }>>
  /** Whether jobs may come encrypted. */
  readonly encryption: boolean
  readonly createdAt: Seconds
}

/** NIP-89, with the fields that lists of service providers read. */
export function buildHandlerInformation(announcement: Announcement): EventTemplate {
  const { identifier, kinds, topics, createdAt, capabilities } = announcement
  const content = {
    name: announcement.name,
    about: announcement.about,
    ...(announcement.picture === null ? {} : { picture: announcement.picture, image: announcement.picture }),
    encryptionSupported: announcement.encryption,
    cashuAccepted: false,
    nip90Params: { ...announcement.params, settlement: { required: false, values: ['proof'] } },
    ...amountOf(capabilities),
    pricing: capabilities.map((capability) => ({
      capability: capability.name,
      price: satsRoundedUp(capability.priceMsat ?? capability.maxMsat),
      currency: 'sats',
      ...(capability.priceMsat === null ? { atMost: true } : {}),
    })),
    paymentMethods: ['lightning'],
    ...(announcement.urls.length > 0 ? { urls: announcement.urls } : {}),
  }
  const tags = [['d', identifier], ...kinds.map((kind) => ['k', String(kind)]), ...topics.map((topic) => ['t', topic])]
  return { kind: HANDLER_KIND, created_at: createdAt, tags, content: JSON.stringify(content) }
}

/** Both dialects at once: `about` and `summary`, prices in `sats`. Null without a public URL, which this kind demands. */
export function buildPaidService(announcement: Announcement): EventTemplate | null {
  const { urls, about, topics, capabilities } = announcement
  if (urls.length === 0) return null
  const tags = [
    ['d', announcement.identifier],
    ['name', announcement.name.slice(0, 256)],
    ['about', about.slice(0, 4096)],
    ['summary', about.slice(0, 4096)],
    ['alt', `Paid API: ${announcement.name}`.slice(0, 256)],
    ...urls.slice(0, 10).map((url) => ['url', url]),
    ...(announcement.picture === null ? [] : [['picture', announcement.picture]]),
    ['pmi', 'l402', 'lightning'],
    ...capabilities
      .slice(0, 100)
      .map(({ name, priceMsat, maxMsat }) => [
        'price',
        name.slice(0, 64),
        String(satsRoundedUp(priceMsat ?? maxMsat)),
        'sats',
      ]),
    ...topics.slice(0, 50).map((topic) => ['t', topic.slice(0, 64)]),
    // Ours: the same key serves this kind of job.
    ...announcement.kinds.map((kind) => ['k', String(kind)]),
  ]
  const content = {
    capabilities: capabilities.slice(0, 100).map(({ name, description, pattern, methods }) => ({
      name: name.slice(0, 128),
      description: description ?? `${methods.join(', ')} ${pattern}`,
      endpoint: pattern,
    })),
  }
  return { kind: PAID_SERVICE_KIND, created_at: announcement.createdAt, tags, content: JSON.stringify(content) }
}

/** The price as lists of service providers read it, where every call has the same: msat, or `free`. */
function amountOf(capabilities: readonly Capability[]): { readonly amount?: string } {
  const [price, ...others] = [...new Set(capabilities.map(({ priceMsat }) => priceMsat))]
  if (price === undefined || price === null || others.length > 0) return {}
  return { amount: Number(price) === 0 ? 'free' : String(price) }
}

/** NIP-09: asks relays to delete what stands at these addresses (`kind:d`) up to that time. */
export function buildRetirement(pubkey: Pubkey, addresses: readonly string[], createdAt: Seconds): EventTemplate {
  const parts = addresses.map((address) => {
    const [kind = '', ...identifier] = address.split(':')
    return { kind, identifier: identifier.join(':') }
  })
  const kinds = [...new Set(parts.map(({ kind }) => kind))]
  const tags = [
    ...parts.map(({ kind, identifier }) => ['a', `${kind}:${pubkey}:${identifier}`]),
    ...kinds.map((kind) => ['k', kind]),
  ]
  return { kind: DELETION_KIND, created_at: createdAt, tags, content: 'service retired' }
}

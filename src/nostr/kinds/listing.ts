/** What does a service provider say that it offers? Reads kinds 31990 (NIP-89) and 31402 of any author, in every dialect met with. */
import { tagValue, type NostrEvent } from '../../core/event.js'
import { isMalformed, malformed, type Malformed, type Pubkey, type Seconds } from '../../core/identifiers.js'
import { msatFromSats, parseMsat, type Msat } from '../../core/money.js'
import { HANDLER_KIND, PAID_SERVICE_KIND } from './announcement.js'
import { MESSAGE_KIND, parseJsonObject } from './dispatch.js'

const MOST_CAPABILITIES = 200
const LONGEST_NAME = 256

export interface OfferedCapability {
  readonly name: string
  /** Null where no price is told, or in no unit that we know. */
  readonly priceMsat: Msat | null
  /** The price is a ceiling, not what one call costs. */
  readonly atMost: boolean
}

export interface Listing {
  readonly provider: Pubkey
  readonly kind: number
  /** `kind:pubkey:d`: of several events with one address the newest counts (NIP-01). */
  readonly address: string
  readonly eventId: string
  readonly createdAt: Seconds
  /** NIP-40; what cannot be read counts as past. Null for never. */
  readonly expiresAt: Seconds | null
  readonly name: string
  readonly topics: readonly string[]
  /** Kinds of event that the provider takes, by the `k` tags. */
  readonly kinds: readonly number[]
  readonly capabilities: readonly OfferedCapability[]
  /** False where it lists ways to pay and none is Lightning. */
  readonly takesLightning: boolean
  /** The dialect that a card of kind 14 names; null for other listings. */
  readonly protocol: string | null
}

type Fields = Readonly<Record<string, unknown>>

/** Expects a verified event. Nothing in it is believed but that its author said so. */
export function parseListing(event: NostrEvent): Listing | Malformed {
  const { kind, pubkey } = event
  if (kind !== HANDLER_KIND && kind !== PAID_SERVICE_KIND) return malformed('not a listing')
  const identifier = tagValue(event, 'd')
  if (identifier === undefined || identifier === '') return malformed('a listing has an identifier')
  const content = event.content === '' ? {} : parseJsonObject(event.content)
  if (isMalformed(content)) return content
  const tags = (name: string) => event.tags.filter(([tag]) => tag === name)
  const kinds = tags('k').map(([, value]) => Number(value))
  const isCard = kind === HANDLER_KIND && kinds.includes(MESSAGE_KIND) && tags('t').some(([, t]) => t === 'dispatch')
  return {
    provider: pubkey,
    kind,
    address: `${kind}:${pubkey}:${identifier}`,
    eventId: event.id,
    createdAt: event.created_at,
    expiresAt: expirationOf(event),
    name: textOf(tagValue(event, 'name') ?? content.name) ?? '',
    topics: tags('t').flatMap(([, topic]) => topic ?? []),
    kinds: kinds.filter(Number.isInteger),
    capabilities: [...capabilitiesOf(kind, content, tags('price')).values()].slice(0, MOST_CAPABILITIES),
    takesLightning: takesLightning(tags('pmi'), content.paymentMethods),
    protocol: isCard ? (textOf(content.protocol) ?? '') : null,
  }
}

function expirationOf(event: NostrEvent): Seconds | null {
  const text = tagValue(event, 'expiration')
  if (text === undefined) return null
  return /^[0-9]{1,12}$/.test(text) ? Number(text) : 0
}

/** Priced ones first: a name without a price does not take the place of one with it. */
function capabilitiesOf(
  kind: number,
  content: Fields,
  prices: readonly (readonly string[])[],
): Map<string, OfferedCapability> {
  const found = new Map<string, OfferedCapability>()
  const add = (name: unknown, priceMsat: Msat | null, atMost = false): void => {
    const known = textOf(name)
    if (known !== null && !found.has(known)) found.set(known, { name: known, priceMsat, atMost })
  }
  if (kind === PAID_SERVICE_KIND) {
    for (const [, name, amount, currency] of prices) add(name, priceOf(amount, currency))
  }
  for (const entry of objectsIn(content.pricing)) {
    add(entry.capability, priceOf(entry.price, entry.currency), entry.atMost === true)
  }
  for (const entry of objectsIn(content.capabilities)) add(entry.name, null)
  if (Array.isArray(content.taskTypes)) for (const name of content.taskTypes as unknown[]) add(name, null)
  return found
}

const objectsIn = (value: unknown): Fields[] =>
  Array.isArray(value) ? value.filter((entry): entry is Fields => typeof entry === 'object' && entry !== null) : []

const textOf = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' && value.length <= LONGEST_NAME ? value : null

/** Whole sats or millisats; what is said in another currency cannot be compared. */
function priceOf(amount: unknown, currency: unknown): Msat | null {
  const whole = parseMsat(amount)
  if (isMalformed(whole)) return null
  switch (typeof currency === 'string' ? currency.toLowerCase() : '') {
    case 'sat':
    case 'sats':
      return Number.isSafeInteger(whole * 1000) ? msatFromSats(whole) : null
    case 'msat':
    case 'msats':
      return whole
    default:
      return null
  }
}

/** Relays index no tags of several letters, so ways to pay are looked at here and never asked for. */
function takesLightning(pmi: readonly (readonly string[])[], methods: unknown): boolean {
  if (pmi.length > 0) return pmi.some((tag) => tag.some((part) => /^l402$|lightning/i.test(part)))
  if (!Array.isArray(methods) || methods.length === 0) return true
  return methods.some((method) => typeof method === 'string' && /l402|lightning|payment/i.test(method))
}

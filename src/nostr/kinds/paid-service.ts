/** Which routes does a paid service list? Kind 31402 in both of its dialects, read for somebody who wants to offer it. */
import { tagValue, type NostrEvent } from '../../core/event.js'
import { isPublicHost } from '../../core/hosts.js'
import { isMalformed, malformed, type Malformed } from '../../core/identifiers.js'
import {
  describeService,
  priceOf,
  type ClaimedPrice,
  type ClaimedRoute,
  type DescribedService,
} from '../../l402/described-service.js'
import { PAID_SERVICE_KIND } from './announcement.js'
import { parseJsonObject } from './dispatch.js'

const MOST_CONTENT_CHARS = 65_536
const MOST_CAPABILITIES = 200

/** Expects a verified event. Its hosts are named by a stranger: none that is not public is taken. */
export function parsePaidService(event: NostrEvent): DescribedService | Malformed {
  if (event.kind !== PAID_SERVICE_KIND) return malformed('it is no listing of a paid service (kind 31402)')
  if (event.content.length > MOST_CONTENT_CHARS) return malformed('its content is too large')
  const content = event.content === '' ? {} : parseJsonObject(event.content)
  if (isMalformed(content)) return content
  const origin = originOf(event)
  if (origin === null) return malformed('it names no public https URL')
  const capabilities: unknown = content.capabilities
  const claimed = (Array.isArray(capabilities) ? (capabilities as unknown[]) : [])
    .slice(0, MOST_CAPABILITIES)
    .flatMap((entry) => (typeof entry === 'object' && entry !== null ? [entry as Record<string, unknown>] : []))
    .filter(({ endpoint }) => endpoint !== undefined)
    .map((capability) => claimedOf(capability, pricesOf(event)))
  if (claimed.length === 0) return malformed('none of its capabilities has an endpoint')
  return describeService(tagValue(event, 'name'), origin, claimed)
}

/** https before http: a credential is not shown to the way. */
function originOf({ tags }: NostrEvent): string | null {
  const urls = tags.flatMap(([name, url = '']) =>
    name === 'url' && url.length <= 2_048 && URL.canParse(url) ? [new URL(url)] : [],
  )
  const usable = urls.find(
    ({ protocol, hostname, username }) => protocol === 'https:' && username === '' && isPublicHost(hostname),
  )
  return usable?.origin ?? null
}

const pricesOf = ({ tags }: NostrEvent): ReadonlyMap<string, ClaimedPrice> =>
  new Map(
    tags.flatMap(([tag, name = '', amount, unit]) => (tag === 'price' ? [[name, priceOf(amount, unit)] as const] : [])),
  )

/** `POST /path` names the method, too; where nothing does, a schema of what is sent means POST. */
function claimedOf(capability: Record<string, unknown>, prices: ReadonlyMap<string, ClaimedPrice>): ClaimedRoute {
  const { name, description, endpoint, schema, method, pricing } = capability
  const [, verb, path] = /^([A-Z]{3,7}) +(\S+)$/.exec(typeof endpoint === 'string' ? endpoint : '') ?? []
  const price = prices.get(typeof name === 'string' ? name : '') ?? 'none'
  return {
    path: path ?? endpoint,
    methods: method ?? verb ?? (schema === undefined ? 'GET' : 'POST'),
    description: description ?? name,
    price: pricing === 'dynamic' ? 'unknown' : price,
  }
}

/** Where does `init` learn the routes of an API? From the API itself, or from its listing at a relay; nobody else is asked. */
import { readFile } from 'node:fs/promises'
import { decode } from 'nostr-tools/nip19'
import { TollbridgeError } from '../core/errors.js'
import type { Filter, NostrEvent } from '../core/event.js'
import { isLocalHost } from '../core/hosts.js'
import { isMalformed, type Malformed } from '../core/identifiers.js'
import type { DescribedService } from '../l402/described-service.js'
import { parseServiceDocument, SERVICE_DOCUMENTS } from '../l402/service-document.js'
import { parseEvent, verifyEvent } from '../nostr/event.js'
import { PAID_SERVICE_KIND } from '../nostr/kinds/announcement.js'
import { parsePaidService } from '../nostr/kinds/paid-service.js'
import { createRelayPool } from '../nostr/relay-pool.js'
import { systemClock } from '../system/system-clock.js'
import { createWebClient } from '../web/client.js'
import { silentLog } from './log.js'

export interface ServiceSource {
  readonly from?: string
  readonly listing?: string
  readonly relay?: readonly string[]
}

const MOST_BYTES = 262_144
const FETCH_MS = 10_000
const MOST_RELAYS = 8

/** Null where neither is named. @throws TollbridgeError `usage` where nothing usable is found. */
export async function findService({ from, listing, relay = [] }: ServiceSource): Promise<DescribedService | null> {
  if (from !== undefined && listing !== undefined) throw usage('--from and --listing exclude each other.')
  if (from !== undefined) return readFromApi(from)
  if (listing !== undefined) return readListing(listing, relay)
  return null
}

const usage = (message: string): TollbridgeError => new TollbridgeError('usage', message)

/** The operator's own URL may be anywhere; what answers there may lead nowhere else. */
async function readFromApi(reference: string): Promise<DescribedService> {
  const url = URL.canParse(reference) ? new URL(reference) : null
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw usage(`--from: ${JSON.stringify(reference)} is not the URL of an API.`)
  }
  if (url.protocol === 'http:' && !isLocalHost(url.hostname)) {
    throw usage(`--from: what ${url.origin} says could be changed on the way: use https.`)
  }
  const web = createWebClient({ allowedOrigins: new Set([url.origin]) })
  const tried: string[] = []
  try {
    for (const path of SERVICE_DOCUMENTS) {
      const outcome = await web.send({
        method: 'GET',
        url: url.origin + path,
        headers: { accept: 'application/json' },
        maxBytes: MOST_BYTES,
        timeoutMs: FETCH_MS,
      })
      if (outcome.type !== 'response' || outcome.status !== 200) {
        tried.push(`${path} (${whyNot(outcome)})`)
        continue
      }
      const service = parseServiceDocument(outcome.body, url.origin)
      if (!isMalformed(service)) return usable(service, url.origin + path)
      tried.push(`${path} (${service.malformed})`)
    }
  } finally {
    await web.stop()
  }
  throw usage(`--from: ${url.origin} does not describe its routes: ${tried.join(', ')}. Run init without --from.`)
}

type Outcome = Awaited<ReturnType<ReturnType<typeof createWebClient>['send']>>

function whyNot(outcome: Outcome): string {
  if (outcome.type === 'tooLarge') return 'too large'
  if (outcome.type === 'failed') return outcome.reason
  return outcome.status >= 300 && outcome.status < 400 ? 'a redirect, which is not followed' : `${outcome.status}`
}

function usable(service: DescribedService | Malformed, where: string): DescribedService {
  if (isMalformed(service)) throw usage(`${where} cannot be used: ${service.malformed}.`)
  if (service.routes.length > 0) return service
  throw usage(`${where} names no route that can be offered: ${service.notes.join(' ')}`)
}

async function readListing(listing: string, relays: readonly string[]): Promise<DescribedService> {
  const pointer = /^n(addr|event)1/.test(listing) ? pointerOf(listing) : null
  const event = pointer ? await fetchListing(pointer, relays) : await readEvent(listing)
  return usable(parsePaidService(event), 'The listing')
}

interface Pointer {
  readonly relays: readonly string[]
  readonly filter: Filter
}

function pointerOf(text: string): Pointer {
  try {
    const { type, data } = decode(text)
    if (type === 'nevent') return { relays: data.relays ?? [], filter: { ids: [data.id] } }
    if (type === 'naddr' && data.kind === PAID_SERVICE_KIND) {
      const filter = { kinds: [PAID_SERVICE_KIND], authors: [data.pubkey], '#d': [data.identifier] }
      return { relays: data.relays ?? [], filter }
    }
  } catch {
    // told below
  }
  throw usage(`--listing: ${text.slice(0, 40)}… is not the address of a listing (kind ${PAID_SERVICE_KIND}).`)
}

/** The newest of what the relays give, if its author signed it. */
async function fetchListing({ relays, filter }: Pointer, own: readonly string[]): Promise<NostrEvent> {
  // Relays in an address are a stranger's word; those of --relay are the operator's.
  const asked = [...new Set([...own, ...relays])].filter((url) => /^wss?:\/\//.test(url)).slice(0, MOST_RELAYS)
  if (asked.length === 0) throw usage('--listing: the address names no relay: add --relay wss://…')
  const cursors = { cursor: () => undefined, putCursor: () => undefined }
  const wiring = { clock: systemClock, log: silentLog, cursors, own: new Set(own), allowPrivate: false }
  const pool = createRelayPool(wiring)
  try {
    const { events, answered } = await pool.fetch(asked, filter, FETCH_MS)
    if (answered === 0) throw usage(`--listing: none of ${asked.join(', ')} answers.`)
    const read = events.map(parseEvent).flatMap((event) => (isMalformed(event) ? [] : [event]))
    const signed = read.filter((event) => isWanted(event, filter) && verifyEvent(event))
    const [newest] = signed.sort((a, b) => b.created_at - a.created_at)
    if (newest) return newest
    throw usage(`--listing: it is not at ${asked.join(', ')}: name its relay with --relay.`)
  } finally {
    await pool.stop()
  }
}

/** Relays may answer with anything. */
const isWanted = (event: NostrEvent, { ids, authors, '#d': identifiers }: Filter): boolean =>
  event.kind === PAID_SERVICE_KIND &&
  (ids === undefined || ids.includes(event.id)) &&
  (authors === undefined || authors.includes(event.pubkey)) &&
  (identifiers === undefined || event.tags.some(([name, value]) => name === 'd' && identifiers.includes(value ?? '')))

async function readEvent(path: string): Promise<NostrEvent> {
  const text = await readFile(path, 'utf8').catch(() => null)
  if (text === null) throw usage(`--listing: ${path} is neither an address nor a file that can be read.`)
  const event = text.length <= MOST_BYTES ? parseEvent(safeJson(text)) : null
  if (!event || isMalformed(event)) throw usage(`--listing: ${path} holds no Nostr event.`)
  if (verifyEvent(event)) return event
  throw usage(`--listing: the signature of the event in ${path} does not hold.`)
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

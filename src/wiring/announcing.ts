/** What does this configuration make known? Every notice of the service and of its key, and the heartbeat. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import type { Seconds } from '../core/identifiers.js'
import type { Upstream } from '../core/route.js'
import { createHeartbeat } from '../engine/heartbeat.js'
import { checkName, type NameCheck } from '../engine/name-check.js'
import { createPresence, type Notice, type Presence } from '../engine/presence.js'
import {
  buildHandlerInformation,
  buildPaidService,
  HANDLER_KIND,
  PAID_SERVICE_KIND,
  type Announcement,
} from '../nostr/kinds/announcement.js'
import { BLOB_SERVERS_KIND, buildBlobServers } from '../nostr/kinds/blob.js'
import { buildProfile, PROFILE_KIND } from '../nostr/kinds/profile.js'
import { buildInboxList, buildRelayList, INBOX_LIST_KIND, RELAY_LIST_KIND } from '../nostr/kinds/relay-list.js'
import type { JobHandler } from '../ports.js'
import { createPresenceFile } from '../stores/presence-file.js'

const HOUR_MS = 3_600_000

export function openPresence(wiring: {
  readonly config: Config
  readonly adapters: Pick<Adapters, 'signer' | 'relays' | 'store' | 'clock' | 'log' | 'handlers'>
  readonly upstreams: readonly Upstream[]
  /** Asked before each heartbeat. */
  readonly isServing: () => Promise<boolean>
}): Presence {
  const { config, adapters, upstreams, isServing } = wiring
  const { signer, relays, store, clock, log, handlers } = adapters
  const { identifier, heartbeatSeconds, refreshHours } = config.announce
  const periodMs = heartbeatSeconds * 1000
  const beating = { identifier, periodMs, relays: config.relays.write, isServing, signer, pool: relays, clock, log }
  return createPresence({
    notices: [...serviceNotices(config, upstreams, handlers), ...keyNotices(config)],
    writeRelays: config.relays.write,
    heartbeat: heartbeatSeconds === 0 ? null : (nextTime) => createHeartbeat({ ...beating, nextTime }),
    refreshMs: refreshHours * HOUR_MS,
    memory: createPresenceFile(config.stateDirectory, log),
    ...{ signer, relays, store, clock, log, random: Math.random },
  })
}

function serviceNotices(
  config: Config,
  upstreams: readonly Upstream[],
  handlers: ReadonlyMap<number, JobHandler>,
): Notice[] {
  const { announce, relays } = config
  const about = announcementsOf(config, upstreams, handlers)
  const service = { relays: relays.write, concerns: 'service', overwrites: true } as const
  const cards = about.map((announcement): Notice => ({
    ...service,
    address: `${HANDLER_KIND}:${announcement.identifier}`,
    kind: HANDLER_KIND,
    build: (createdAt) => buildHandlerInformation({ ...announcement, createdAt }),
  }))
  const [first] = about
  if (!first || !announce.publish31402) return cards
  const listed = { ...first, kinds: [...handlers.keys()] }
  const build = (createdAt: Seconds) => buildPaidService({ ...listed, createdAt })
  // Without a public URL there is nothing to list.
  const listing = build(0)
  if (!listing) return cards
  const address = `${PAID_SERVICE_KIND}:${first.identifier}`
  return [
    ...cards,
    { ...service, address, kind: PAID_SERVICE_KIND, build: (createdAt) => ({ ...listing, created_at: createdAt }) },
  ]
}

/** One announcement for each handler: kinds that read different parameters are different services. */
export function announcementsOf(
  { announce, encryption }: Config,
  upstreams: readonly Upstream[],
  handlers: ReadonlyMap<number, JobHandler>,
): Omit<Announcement, 'createdAt'>[] {
  const capabilities = upstreams.flatMap(({ routes }) =>
    routes.map(({ name, description, methods, pattern, maxMsat, priceMsat }) => ({
      ...{ name, description, methods: [...methods], pattern, maxMsat, priceMsat },
    })),
  )
  const urls = upstreams.flatMap(({ publicUrl }) => publicUrl ?? [])
  const { name, about, picture, topics } = announce
  return [...new Set(handlers.values())].map((handler, index) => {
    const kinds = [...handlers].flatMap(([kind, its]) => (its === handler ? kind : []))
    return {
      identifier: index === 0 ? announce.identifier : `${announce.identifier}-${kinds[0]}`,
      ...{ name, about, picture, topics, kinds, urls, capabilities },
      params: paramsOf(handler, capabilities),
      encryption: encryption.jobs !== 'refuse',
    }
  })
}

/** As the handler declares them; which methods and paths there are is known here only. */
function paramsOf({ params = {} }: JobHandler, capabilities: Announcement['capabilities']): Announcement['params'] {
  const known: Record<string, readonly string[]> = {
    method: [...new Set(capabilities.flatMap(({ methods }) => methods))],
    path: capabilities.map(({ pattern }) => pattern),
  }
  return Object.fromEntries(
    Object.entries(params).map(([name, { required, values }]) => [
      name,
      { required, values: values.length > 0 ? values : (known[name] ?? []) },
    ]),
  )
}

/** Who has the key, and where they read: looked for in more places than the service itself. */
function keyNotices({ announce, relays, blobs }: Config): Notice[] {
  const key = { relays: [...new Set([...relays.write, ...relays.lookup])], concerns: 'key' } as const
  const { name, about, picture, website, nip05, lud16 } = announce
  const profile: Notice = {
    ...{ ...key, address: `${PROFILE_KIND}:`, kind: PROFILE_KIND, overwrites: announce.profile === 'always' },
    build: (createdAt) => buildProfile({ name, about, picture, website, nip05, lud16 }, createdAt),
  }
  const lists = { ...key, overwrites: announce.relayLists === 'always' }
  const blobServers: Notice = {
    ...{ ...key, address: `${BLOB_SERVERS_KIND}:`, kind: BLOB_SERVERS_KIND, overwrites: false },
    build: (createdAt) => buildBlobServers(blobs.servers, createdAt),
  }
  const relayList: Notice = {
    ...{ ...lists, address: `${RELAY_LIST_KIND}:`, kind: RELAY_LIST_KIND },
    build: (createdAt) => buildRelayList({ read: relays.read, write: relays.write, createdAt }),
  }
  const inbox: Notice = {
    ...{ ...lists, address: `${INBOX_LIST_KIND}:`, kind: INBOX_LIST_KIND },
    build: (createdAt) => buildInboxList({ relays: relays.inbox, createdAt }),
  }
  return [
    ...(announce.profile === 'off' ? [] : [profile]),
    ...(announce.relayLists === 'off' ? [] : [relayList, inbox]),
    ...(blobs.servers.length === 0 ? [] : [blobServers]),
  ]
}

/** Null where the configuration names none. */
export function openNameCheck(config: Config, { signer, web, clock, log }: Adapters): NameCheck | null {
  const address = config.announce.nip05
  if (address === null) return null
  return checkName({ address, pubkey: signer.pubkey, relays: config.relays.read, web, clock, log })
}

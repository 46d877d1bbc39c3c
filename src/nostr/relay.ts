/** Who uses this relay, and for what? One connection shared by subscriptions, fetches and events being published. */
import type { LookupFunction } from 'node:net'
import type { Filter } from '../core/event.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Clock, Logger, PublishVerdict } from '../ports.js'
import { publishLater } from './publish-verdict.js'
import { parseRelayMessage, subscriptionOf } from './relay-frame.js'
import { createRelayPublisher } from './relay-publisher.js'
import type { OpenRelaySocket } from './relay-socket.js'
import { createRelaySupervisor } from './relay-supervisor.js'

const LONGEST_TEXT = 200

/** Keeps the connection wanted while it has joined. */
export interface RelayUser {
  /** At each connection, also at once where there is one. */
  onUp(): void
  /** At each loss and each failed attempt. Requests are gone by then. */
  onDown(reason: string): void
}

export interface RequestListener {
  onEvent(frame: string): void
  onEose(): void
  /** The relay ended the request. Not called after `close`, nor when the connection is lost. */
  onClosed(reason: string): void
}

/** One REQ on one connection. */
export interface RelayRequest {
  close(): void
}

export interface Relay {
  readonly url: string
  readonly connected: boolean
  /** The last attempt failed, and the next one is still to come. */
  readonly down: boolean
  readonly lastError: string | null
  /** Since when nobody has used it; null while somebody does. */
  readonly idleSince: Millis | null
  join(user: RelayUser): () => void
  /** Null where there is no connection to send it on. */
  request(filters: readonly Filter[], listener: RequestListener): RelayRequest | null
  publish(id: string, json: string): Promise<PublishVerdict>
  /** Counts what a relay should not have sent; the log hears of the 1st, the 10th, the 100th. */
  countMalformed(what: string): void
  stop(): Promise<void>
}

export interface RelayOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly maxFrameBytes: number
  /** In place of the system's own. */
  readonly lookup?: LookupFunction | undefined
  readonly openSocket: OpenRelaySocket
}

export function createRelay(options: RelayOptions): Relay {
  const { url, clock, log } = options
  const users = new Set<RelayUser>()
  const requests = new Map<string, RequestListener>()
  let serial = 0
  let malformedFrames = 0
  let idleSince: Millis | null = clock.now()

  const publisher = createRelayPublisher({ clock, line: () => supervisor, onSettled: noteUse })
  const wanted = () => users.size > 0 || publisher.pending > 0
  const supervisor = createRelaySupervisor({
    ...options,
    wanted,
    onFrame,
    onUp: () => {
      for (const user of [...users]) user.onUp()
      publisher.onUp()
    },
    onDown: (loss) => {
      requests.clear()
      publisher.onDown(loss)
      for (const user of [...users]) user.onDown(loss.reason)
    },
  })

  function noteUse() {
    idleSince = wanted() ? null : clock.now()
  }

  function onFrame(frame: string) {
    const subscription = subscriptionOf(frame)
    // Events of a request that is over, or never was, are dropped here: no JSON is parsed for them.
    if (subscription !== null) return requests.get(subscription)?.onEvent(frame)
    const message = parseRelayMessage(frame)
    if (isMalformed(message)) return countMalformed(message.malformed)
    switch (message.type) {
      case 'ok':
        return publisher.onOk(message.id, message.accepted, message.reason)
      case 'eose':
        return requests.get(message.subscription)?.onEose()
      case 'closed': {
        const listener = requests.get(message.subscription)
        requests.delete(message.subscription)
        return listener?.onClosed(message.reason.slice(0, LONGEST_TEXT))
      }
      case 'notice':
        return log.debug({ relay: url, notice: message.text.slice(0, LONGEST_TEXT) }, 'relay notice')
      case 'auth':
        return log.debug({ relay: url }, 'relay offers authentication')
    }
  }

  function countMalformed(what: string) {
    malformedFrames += 1
    if (!Number.isInteger(Math.log10(malformedFrames))) return
    log.warn({ relay: url, what, count: malformedFrames }, 'malformed frame dropped')
  }

  function join(user: RelayUser) {
    users.add(user)
    noteUse()
    if (supervisor.connected) user.onUp()
    else supervisor.connect()
    return () => {
      if (users.delete(user)) noteUse()
    }
  }

  function request(filters: readonly Filter[], listener: RequestListener): RelayRequest | null {
    // A new id each time: a late EOSE or CLOSED of an earlier request can not be taken for an answer to this one.
    serial += 1
    const id = `t${serial}`
    requests.set(id, listener)
    if (!supervisor.send(JSON.stringify(['REQ', id, ...filters]))) {
      requests.delete(id)
      return null
    }
    return {
      close: () => {
        if (requests.delete(id)) supervisor.send(JSON.stringify(['CLOSE', id]))
      },
    }
  }

  function publish(id: string, json: string): Promise<PublishVerdict> {
    // A relay that could not be reached a moment ago is not waited for: the outbox comes back.
    if (supervisor.down) return Promise.resolve(publishLater(supervisor.lastError ?? 'not connected'))
    const verdict = publisher.publish(id, json)
    noteUse()
    supervisor.connect()
    return verdict
  }

  return {
    url,
    get connected() {
      return supervisor.connected
    },
    get down() {
      return supervisor.down
    },
    get lastError() {
      return supervisor.lastError
    },
    get idleSince() {
      return idleSince
    },
    join,
    request,
    publish,
    countMalformed,
    stop: () => supervisor.stop(),
  }
}

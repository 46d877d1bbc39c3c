/** Who uses this relay, and for what? One connection shared by subscriptions, fetches and events being published. */
import type { LookupFunction } from 'node:net'
import type { Filter } from '../core/event.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Clock, Logger, PublishVerdict, RelayProof } from '../ports.js'
import { publishLater } from './publish-verdict.js'
import { createRelayAuthentication, type Authenticate } from './relay-authentication.js'
import { parseRelayMessage, subscriptionOf } from './relay-frame.js'
import { createRelayPublisher } from './relay-publisher.js'
import type { OpenRelaySocket } from './relay-socket.js'
import { createRelayRequests, type RelayRequest, type RequestListener } from './relay-requests.js'
import { createRelaySupervisor } from './relay-supervisor.js'

const LONGEST_TEXT = 200

/** Keeps the connection wanted while it has joined. */
export interface RelayUser {
  /** At each connection, also at once where there is one. */
  onUp(): void
  /** At each loss and each failed attempt. Requests are gone by then. */
  onDown(reason: string): void
  /** The relay knows us now. What it had refused to a stranger has been asked for again; what it had merely answered has not. */
  onAuthenticated?(): void
  onAuthenticationRefused?(): void
}

export interface Relay {
  readonly url: string
  readonly connected: boolean
  /** The last attempt failed, and the next one is still to come. */
  readonly down: boolean
  readonly lastError: string | null
  /** An authentication has begun and not ended: answers may still be those that a stranger gets. */
  readonly authenticating: boolean
  /** How often it has been connected. */
  readonly connections: number
  /** How it was last proven, on this connection, that it delivers. */
  readonly proof: { readonly by: RelayProof; readonly at: Millis } | null
  /** Since when nobody has used it; null while somebody does. */
  readonly idleSince: Millis | null
  join(user: RelayUser): () => void
  /** Null where there is no connection to send it on. */
  request(filters: readonly Filter[], listener: RequestListener): RelayRequest | null
  publish(id: string, json: string): Promise<PublishVerdict>
  noteProof(by: RelayProof): void
  /** Ends the connection; the next one follows as after any loss. */
  reconnect(reason: string): void
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
  readonly authenticate?: Authenticate | undefined
  /** Whether it is told who we are as soon as it asks, and not only when it insists. */
  readonly introduce: boolean
}

export function createRelay(options: RelayOptions): Relay {
  const { url, clock, log } = options
  const users = new Set<RelayUser>()
  let malformedFrames = 0
  let connections = 0
  let proof: Relay['proof'] = null
  let idleSince: Millis | null = clock.now()

  const requests = createRelayRequests({
    authentication: () => authentication,
    send: (frame) => supervisor.send(frame),
  })
  const publisher = createRelayPublisher({
    clock,
    authentication: () => authentication,
    line: () => supervisor,
    onSettled: noteUse,
  })
  const authentication = createRelayAuthentication({
    ...options,
    atOnce: options.introduce,
    send: (frame) => supervisor.send(frame),
    onAccepted: () => {
      requests.onAuthenticated()
      publisher.onAuthenticated()
      for (const user of [...users]) user.onAuthenticated?.()
    },
    onRefused: (reason) => {
      requests.onAuthenticationRefused(reason)
      publisher.onAuthenticationRefused(reason)
      for (const user of [...users]) user.onAuthenticationRefused?.()
    },
  })
  const wanted = () => users.size > 0 || publisher.pending > 0
  const supervisor = createRelaySupervisor({
    ...options,
    wanted,
    onFrame,
    onUp: () => {
      connections += 1
      for (const user of [...users]) user.onUp()
      publisher.onUp()
    },
    onDown: (loss) => {
      proof = null
      authentication.onDown()
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
    if (subscription !== null) return requests.listenerOf(subscription)?.onEvent(frame)
    const message = parseRelayMessage(frame)
    if (isMalformed(message)) return countMalformed(message.malformed)
    switch (message.type) {
      case 'ok':
        if (authentication.onOk(message.id, message.accepted, message.reason)) return
        return publisher.onOk(message.id, message.accepted, message.reason)
      case 'eose':
        return requests.listenerOf(message.subscription)?.onEose(message.hint)
      case 'closed':
        return requests.onClosed(message.subscription, message.reason.slice(0, LONGEST_TEXT))
      case 'notice':
        return log.debug({ relay: url, notice: message.text.slice(0, LONGEST_TEXT) }, 'relay notice')
      case 'auth':
        return authentication.onChallenge(message.challenge)
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
      return supervisor.lastError ?? authentication.trouble
    },
    get authenticating() {
      return authentication.underWay
    },
    get connections() {
      return connections
    },
    get proof() {
      return proof
    },
    get idleSince() {
      return idleSince
    },
    join,
    request: (filters, listener) => requests.open(filters, listener),
    publish,
    noteProof: (by) => {
      if (supervisor.connected) proof = { by, at: clock.now() }
    },
    reconnect: (reason) => supervisor.reconnect(reason),
    countMalformed,
    stop: () => supervisor.stop(),
  }
}

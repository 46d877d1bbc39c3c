/** What has been asked of this relay, and who gets the answer? Each REQ of one connection; those that want authentication wait for it. */
import type { Filter } from '../core/event.js'
import { isAuthRequired, type RelayAuthentication } from './relay-authentication.js'
import type { EoseHint } from './relay-frame.js'

export interface RequestListener {
  onEvent(frame: string): void
  /** What is stored has been sent: all of it, or as much as the relay sends at a time (NIP-67, where it says so). */
  onEose(hint: EoseHint): void
  /** The relay ended the request. Not called after `close`, nor when the connection is lost. */
  onClosed(reason: string): void
}

/** One REQ on one connection. */
export interface RelayRequest {
  /** Sent before the relay knew us: its answer may lack what only we may read. */
  readonly stale: boolean
  close(): void
}

export interface RelayRequests {
  /** Null where there is no connection to send it on. */
  open(filters: readonly Filter[], listener: RequestListener): RelayRequest | null
  listenerOf(id: string): RequestListener | undefined
  onClosed(id: string, reason: string): void
  onAuthenticated(): void
  onAuthenticationRefused(reason: string): void
  /** The connection is gone, and every request with it. */
  clear(): void
}

interface Asked {
  readonly filters: readonly Filter[]
  readonly listener: RequestListener
  id: string
  epoch: number
}

export function createRelayRequests(wiring: {
  readonly authentication: () => Pick<RelayAuthentication, 'epoch' | 'require'>
  readonly send: (frame: string) => boolean
}): RelayRequests {
  const { authentication, send } = wiring
  const open = new Map<string, Asked>()
  /** Refused until we have said who we are, and why. */
  const parked = new Map<Asked, string>()
  let serial = 0

  function ask(asked: Asked): boolean {
    // A new id each time: a late EOSE or CLOSED of an earlier request can not be taken for an answer to this one.
    serial += 1
    asked.id = `t${serial}`
    asked.epoch = authentication().epoch
    open.set(asked.id, asked)
    const sent = send(JSON.stringify(['REQ', asked.id, ...asked.filters]))
    if (!sent) open.delete(asked.id)
    return sent
  }

  function closed(asked: Asked, reason: string): void {
    if (!isAuthRequired(reason)) return asked.listener.onClosed(reason)
    const known = authentication().epoch > asked.epoch
    if (known ? ask(asked) : authentication().require()) {
      if (!known) parked.set(asked, reason)
      return
    }
    asked.listener.onClosed(reason)
  }

  return {
    open(filters, listener) {
      const asked: Asked = { filters, listener, id: '', epoch: 0 }
      if (!ask(asked)) return null
      return {
        get stale() {
          return asked.epoch < authentication().epoch
        },
        close() {
          parked.delete(asked)
          if (open.delete(asked.id)) send(JSON.stringify(['CLOSE', asked.id]))
        },
      }
    },
    listenerOf: (id) => open.get(id)?.listener,
    onClosed(id, reason) {
      const asked = open.get(id)
      if (!asked || !open.delete(id)) return
      closed(asked, reason)
    },
    onAuthenticated() {
      const waiting = [...parked]
      parked.clear()
      for (const [asked, reason] of waiting) if (!ask(asked)) asked.listener.onClosed(reason)
    },
    onAuthenticationRefused(reason) {
      const waiting = [...parked.keys()]
      parked.clear()
      for (const { listener } of waiting) listener.onClosed(reason)
    },
    clear() {
      open.clear()
      parked.clear()
    },
  }
}

/** Has this relay been told who we are? NIP-42: a challenge of the connection, signed for the URL that we dialled and for no other. */
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import type { Clock, Logger } from '../ports.js'
import { createBackOff } from './back-off.js'

export const AUTHENTICATION_KIND = 22_242

/** A longer challenge is no random string: it would be signed and sent back whole. */
const LONGEST_CHALLENGE = 1_024
const LONGEST_REASON = 200
const SIGNED_WITHIN_MS = 60_000
const OK_WITHIN_MS = 10_000
/** Between two authentications on one connection, at least. */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 600_000

export type Authenticate = (template: EventTemplate) => Promise<NostrEvent>

export interface RelayAuthentication {
  /** How often the relay has accepted us on this connection. What was sent at a lower count, it answered to a stranger. */
  readonly epoch: number
  /** From the signature to the relay's verdict. */
  readonly underWay: boolean
  /** Why the last attempt failed; null where none did, or a later one succeeded. */
  readonly trouble: string | null
  onChallenge(challenge: string): void
  /** Something was refused as `auth-required:`. True where an outcome will be told; false where waiting for one is in vain. */
  require(): boolean
  /** True where that OK was the verdict on our authentication. */
  onOk(id: string, accepted: boolean, reason: string): boolean
  /** The connection is gone, and its challenge with it. */
  onDown(): void
}

export interface RelayAuthenticationOptions {
  readonly url: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  /** Without it nobody is told who we are. */
  readonly authenticate?: Authenticate | undefined
  /** Answers each challenge, not only those without which something was refused. */
  readonly atOnce: boolean
  readonly send: (frame: string) => boolean
  readonly onAccepted: () => void
  readonly onRefused: (reason: string) => void
}

interface Attempt {
  readonly challenge: string
  id: string | null
  cancelDeadline: () => void
}

export const isAuthRequired = (reason: string): boolean => reason.startsWith('auth-required:')

export function createRelayAuthentication(options: RelayAuthenticationOptions): RelayAuthentication {
  const { url, clock, log, random, authenticate, atOnce, send, onAccepted, onRefused } = options
  const backOff = createBackOff({ firstMs: FIRST_PAUSE_MS, maxMs: LONGEST_PAUSE_MS, random })
  let challenge: string | null = null
  /** The challenge that the relay has accepted our answer to. */
  let accepted: string | null = null
  let attempt: Attempt | null = null
  let wanted = false
  let epoch = 0
  let trouble: string | null = null
  let notBefore: Millis = 0
  let cancelPause: (() => void) | null = null

  function begin(): void {
    if (!authenticate || attempt || cancelPause || challenge === null || challenge === accepted) return
    const waitMs = notBefore - clock.now()
    if (waitMs > 0) {
      cancelPause = clock.after(waitMs, () => {
        cancelPause = null
        begin()
      })
      return
    }
    const now: Attempt = { challenge, id: null, cancelDeadline: () => undefined }
    attempt = now
    now.cancelDeadline = clock.after(SIGNED_WITHIN_MS, () => fail(now, 'the signer does not answer'))
    const template = {
      kind: AUTHENTICATION_KIND,
      created_at: Math.floor(clock.now() / 1_000),
      tags: [
        ['relay', url],
        ['challenge', challenge],
      ],
      content: '',
    }
    // A signer that throws at once fails like one that rejects.
    void Promise.resolve()
      .then(() => authenticate(template))
      .then(
        (event) => present(now, event),
        () => fail(now, 'the signer failed'),
      )
  }

  function present(now: Attempt, event: NostrEvent): void {
    if (now !== attempt) return
    now.cancelDeadline()
    now.id = event.id
    now.cancelDeadline = clock.after(OK_WITHIN_MS, () => fail(now, 'no OK in time'))
    if (!send(JSON.stringify(['AUTH', event]))) fail(now, 'not sent')
  }

  function fail(now: Attempt, reason: string): void {
    if (now !== attempt) return
    end(now)
    trouble = `authentication failed: ${reason}`
    log.warn({ relay: url, reason }, 'relay authentication failed')
    begin() // later: the pause has just been set
    onRefused(trouble)
  }

  function end(now: Attempt): void {
    now.cancelDeadline()
    attempt = null
    notBefore = clock.now() + backOff.next()
  }

  return {
    get epoch() {
      return epoch
    },
    get underWay() {
      return attempt !== null
    },
    get trouble() {
      return trouble
    },
    onChallenge(text) {
      if (text === '' || text.length > LONGEST_CHALLENGE) return
      challenge = text
      if (atOnce || wanted) begin()
    },
    require() {
      if (!authenticate) return false
      wanted = true
      if (attempt || challenge === null) return true
      begin()
      return challenge !== accepted && trouble === null
    },
    onOk(id, ok, reason) {
      const now = attempt
      if (!now || now.id !== id) return false
      if (!ok) {
        fail(now, reason.slice(0, LONGEST_REASON) || 'refused without a reason')
        return true
      }
      end(now)
      accepted = now.challenge
      trouble = null
      epoch += 1
      log.info({ relay: url }, 'relay knows us')
      // Another challenge meanwhile is answered in its turn.
      if (atOnce) begin()
      onAccepted()
      return true
    },
    onDown() {
      attempt?.cancelDeadline()
      cancelPause?.()
      attempt = cancelPause = challenge = accepted = trouble = null
      wanted = false
      epoch = 0
      notBefore = 0
      backOff.reset()
    },
  }
}

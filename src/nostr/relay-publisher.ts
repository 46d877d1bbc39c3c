/** What did the relay say of the events sent to it? Matches each OK to its event by id (NIP-01 §OK). */
import type { Clock, PublishVerdict } from '../ports.js'
import { isAuthRequired, type RelayAuthentication } from './relay-authentication.js'
import { parsePublishVerdict, publishLater } from './publish-verdict.js'
import type { Loss } from './relay-socket.js'
import type { RelaySupervisor } from './relay-supervisor.js'

const OK_WITHIN_MS = 10_000

export interface RelayPublisher {
  /** Events that wait for the connection or for their OK. */
  readonly pending: number
  /** `json` is the event of that id, sent as it is. An event that is in flight already is not sent twice. Never rejects. */
  publish(id: string, json: string): Promise<PublishVerdict>
  onUp(): void
  onOk(id: string, accepted: boolean, reason: string): void
  /** Sends again what was refused to a stranger. */
  onAuthenticated(): void
  onAuthenticationRefused(reason: string): void
  onDown(loss: Loss): void
}

interface InFlight {
  readonly frame: string
  readonly verdict: Promise<PublishVerdict>
  readonly settle: (verdict: PublishVerdict) => void
  sent: boolean
  /** Of the authentication, when it was sent. */
  epoch: number
  /** Why it waits for the authentication. */
  parked: string | null
}

export interface RelayPublisherOptions {
  readonly clock: Clock
  readonly authentication: () => Pick<RelayAuthentication, 'epoch' | 'require'>
  readonly line: () => Pick<RelaySupervisor, 'connected' | 'send'>
  /** Called whenever an event leaves `pending`. */
  readonly onSettled: () => void
}

export function createRelayPublisher(options: RelayPublisherOptions): RelayPublisher {
  const { clock, authentication, line, onSettled } = options
  const inFlight = new Map<string, InFlight>()

  function publish(id: string, json: string): Promise<PublishVerdict> {
    const same = inFlight.get(id)
    if (same) return same.verdict
    let settle: InFlight['settle'] = () => undefined
    const verdict = new Promise<PublishVerdict>((resolve) => {
      const cancelDeadline = clock.after(OK_WITHIN_MS, () =>
        settle(publishLater(inFlight.get(id)?.parked ?? 'no OK in time')),
      )
      settle = (answer) => {
        cancelDeadline()
        inFlight.delete(id)
        resolve(answer)
        onSettled()
      }
    })
    const sending: InFlight = { frame: `["EVENT",${json}]`, verdict, settle, sent: false, epoch: 0, parked: null }
    inFlight.set(id, sending)
    if (line().connected) send(sending)
    return verdict
  }

  function send(sending: InFlight) {
    sending.parked = null
    sending.epoch = authentication().epoch
    sending.sent = line().send(sending.frame)
    if (!sending.sent) sending.settle(publishLater('the relay reads too slowly'))
  }

  function onUp() {
    for (const sending of [...inFlight.values()]) send(sending)
  }

  function onOk(id: string, accepted: boolean, reason: string) {
    const sending = inFlight.get(id)
    if (!sending) return
    if (!accepted && isAuthRequired(reason)) {
      if (authentication().epoch > sending.epoch) return send(sending)
      sending.parked = reason
      if (authentication().require()) return
    }
    sending.settle(parsePublishVerdict(accepted, reason))
  }

  const parked = () => [...inFlight.values()].filter((sending) => sending.parked !== null)

  function onDown({ reason, tooBig }: Loss) {
    const lost = [...inFlight.values()]
    const culprit = tooBig ? largestSent(lost) : undefined
    for (const sending of lost) {
      sending.settle(sending === culprit ? { type: 'refused', reason, tooLarge: true } : publishLater(reason))
    }
  }

  return {
    get pending() {
      return inFlight.size
    },
    publish,
    onUp,
    onOk,
    onAuthenticated: () => parked().forEach(send),
    onAuthenticationRefused: (reason) =>
      parked().forEach((sending) => sending.settle(publishLater(`${sending.parked ?? ''} (${reason})`))),
    onDown,
  }
}

/** If any of them was beyond the relay's limit, the largest was. */
const largestSent = (events: readonly InFlight[]): InFlight | undefined =>
  events.filter(({ sent }) => sent).sort((a, b) => b.frame.length - a.frame.length)[0]

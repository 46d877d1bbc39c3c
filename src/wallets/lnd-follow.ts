/** How is a stream of LND kept open? Opened again with back-off whenever it ends, until it has told what it was opened for. */
import { isMalformed } from '../core/identifiers.js'
import { createBackOff } from '../nostr/back-off.js'
import type { Clock, Logger } from '../ports.js'
import type { WalletHttp } from './http.js'
import { parseStreamed } from './lnd-client.js'
import { parseInvoice, type LndInvoice } from './lnd-invoice.js'

export interface FollowSurroundings {
  readonly name: string
  readonly http: WalletHttp
  readonly clock: Clock
  readonly log: Logger
  /** A stream that has told nothing for so long is opened anew: it may be dead and look alive. */
  readonly idleMs: number
}

export interface Followed {
  /** Asked before each opening. */
  readonly path: () => string
  readonly signal: AbortSignal
  readonly onInvoice: (invoice: LndInvoice) => 'more' | 'done'
  /** Asked for; LND may need a moment. */
  readonly onSent?: () => void
  /** `again`: not for the first time. */
  readonly onOpen?: (again: boolean) => void
}

/** LND begins its answer with the first thing that it has to tell; a stream that was asked for so long ago is taken for open. */
const OPENING_MS = 1_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 60_000

/** Resolves when it is done or called off. Never throws. */
export async function follow(
  { name, http, clock, log, idleMs }: FollowSurroundings,
  followed: Followed,
): Promise<void> {
  const { path, signal, onInvoice, onSent, onOpen } = followed
  const backOff = createBackOff({ firstMs: FIRST_PAUSE_MS, maxMs: LONGEST_PAUSE_MS, random: Math.random })
  let done = false

  for (let again = false; !done && !signal.aborted; again = true) {
    let forget = (): void => undefined
    let isOpen = false
    const opened = (): void => {
      forget()
      if (!isOpen && !signal.aborted) onOpen?.(again)
      isOpen = true
    }
    const onLine = (line: string): 'more' | 'enough' => {
      const reply = parseStreamed(line)
      if (reply?.type !== 'result') return 'enough'
      backOff.reset()
      opened()
      const invoice = parseInvoice(reply.result, clock.now())
      if (isMalformed(invoice)) return 'more'
      done = onInvoice(invoice) === 'done'
      return done ? 'enough' : 'more'
    }
    const sent = (): void => {
      forget = clock.after(OPENING_MS, opened)
      onSent?.()
    }
    const end = await http.lines({ method: 'GET', path: path() }, { idleMs, signal, onSent: sent, onLine })
    forget()
    if (done || signal.aborted) return
    log.debug({ wallet: name, ended: end.type }, 'wallet stream ended')
    await pause(clock, backOff.next(), signal)
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      cancel()
      signal.removeEventListener('abort', go)
      resolve()
    }
    const cancel = clock.after(ms, go)
    signal.addEventListener('abort', go)
  })
}

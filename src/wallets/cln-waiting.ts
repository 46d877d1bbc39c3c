/** Which invoice is paid next? Core Lightning answers when it is; we ask again from its number on, so that no gap loses one. */
import { createBackOff } from '../nostr/back-off.js'
import type { Clock, Logger } from '../ports.js'
import { reasonOf, type ClnCall } from './cln-client.js'
import { settledEntry } from './cln-invoices.js'
import type { ClnSweep } from './cln-sweep.js'
import { parseWhole } from './json.js'
import type { WalletListeners } from './wallet-listeners.js'

/** How long the node waits before it says that nothing was paid. */
const WAIT_SECONDS = 50
const PATIENCE_MS = 70_000
/** lightningd: nothing was paid in that time. */
const NOTHING_YET = 904
/** A node that says so at once is not waiting at all. */
const SHORTEST_WAIT_MS = 1_000
const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000

export interface ClnWaiting {
  /** Resolves once every payment from now on will be told. Idempotent. @throws where the node does not answer. */
  begin(): Promise<void>
  stop(): void
}

export function createClnWaiting(wiring: {
  readonly name: string
  readonly call: ClnCall
  readonly sweep: Pick<ClnSweep, 'newestPayIndex'>
  readonly listeners: Pick<WalletListeners, 'tell' | 'gap'>
  readonly clock: Clock
  readonly log: Logger
}): ClnWaiting {
  const { name, call, sweep, listeners, clock, log } = wiring
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: MAX_RETRY_MS, random: Math.random })
  let running = false
  let stopped = false
  let lastPaid = 0
  let wake: (() => void) | null = null

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      wake = () => {
        cancel()
        resolve()
      }
    })

  /** Null where all is well; otherwise why not. */
  async function waitOnce(from: number): Promise<string | null> {
    const since = clock.now()
    const parameters = { lastpay_index: from, timeout: WAIT_SECONDS }
    const reply = await call('waitanyinvoice', parameters, { timeoutMs: PATIENCE_MS, fresh: true })
    if (reply.type === 'error' && reply.code === NOTHING_YET) {
      return clock.now() - since < SHORTEST_WAIT_MS ? 'it does not wait' : null
    }
    if (reply.type === 'error') return reasonOf(reply.code)
    if (reply.type !== 'result') return reply.reason
    const index = parseWhole(reply.result['pay_index'])
    if (index === null || index <= from) return 'it names a payment that is not the next'
    lastPaid = index
    const settled = settledEntry(reply.result)
    if (settled && !stopped) listeners.tell(settled)
    // Paid, and not proven: a look-up of its hash says more.
    else if (!settled) listeners.gap()
    return null
  }

  async function run(): Promise<void> {
    listeners.gap()
    let missed = false
    while (!stopped) {
      if (missed && (await sweep.newestPayIndex().catch(() => null)) !== null) {
        missed = false
        listeners.gap()
      }
      const trouble = await waitOnce(lastPaid)
      missed ||= trouble !== null
      if (trouble === null) backOff.reset()
      else if (!stopped) {
        log.warn({ wallet: name, reason: trouble }, 'payments are not told')
        await pause(backOff.next())
      }
    }
  }

  return {
    async begin() {
      if (running || stopped) return
      lastPaid = await sweep.newestPayIndex()
      if (running) return
      running = true
      void run()
    },
    stop() {
      stopped = true
      wake?.()
    },
  }
}

/** What does LND tell by itself? Settled invoices, from where we left off, and the acceptance of hold invoices that we watch. */
import type { PaymentHash } from '../core/identifiers.js'
import { follow, type FollowSurroundings } from './lnd-follow.js'
import { settledIncoming, type LndInvoice } from './lnd-invoice.js'
import { pageOfInvoices, type LndSource } from './lnd-lookup.js'
import { base64UrlOf } from './lnd-values.js'
import type { WalletListeners } from './wallet-listeners.js'

export interface LndStreams {
  /** Reads where the node's settlements stand, and listens from there. Once. @throws where LND does not answer. */
  open(): Promise<void>
  /** From now on its acceptance is told. Nothing where it is watched already or nobody listens. */
  watch(paymentHash: PaymentHash): void
  stop(): void
}

const OPENING_MS = 5_000
/** Each is a connection; what is more than that is found by look-ups. */
const MOST_WATCHED = 256
const MOST_REMEMBERED = 2_000

export function createLndStreams(
  source: LndSource,
  surroundings: FollowSurroundings,
  listeners: WalletListeners,
): LndStreams {
  const watched = new Set<PaymentHash>()
  const told = new Set<PaymentHash>()
  const ending = new AbortController()
  const { signal } = ending
  /** The last settlement that is known; 0 where none is, and then LND replays nothing. */
  let settleIndex = 0

  function remember(invoice: LndInvoice): boolean {
    if (invoice.incoming.state !== 'settled' || told.has(invoice.paymentHash)) return false
    settleIndex = Math.max(settleIndex, invoice.settleIndex)
    told.add(invoice.paymentHash)
    const [oldest] = told
    if (told.size > MOST_REMEMBERED && oldest !== undefined) told.delete(oldest)
    return true
  }
  function tell(invoice: LndInvoice): void {
    const settled = settledIncoming(invoice)
    if (remember(invoice) && settled !== null) listeners.tell(settled)
  }
  /** Before the first settlement of a node there is no place to go on from: what came while nobody listened is read. */
  async function catchUp(): Promise<void> {
    const { invoices } = await pageOfInvoices(source, null)
    for (const invoice of [...invoices].reverse()) tell(invoice)
  }
  function opened(again: boolean): void {
    if (settleIndex === 0) void catchUp().catch(() => undefined)
    if (again) listeners.gap()
  }

  return {
    async open() {
      const { invoices } = await pageOfInvoices(source, null)
      for (const invoice of invoices) remember(invoice)
      await new Promise<void>((resolve) => {
        const path = (): string => `/v1/invoices/subscribe?settle_index=${settleIndex}`
        const onInvoice = (invoice: LndInvoice): 'more' => {
          tell(invoice)
          return 'more'
        }
        // The node was there a moment ago; whether it still is does not keep anybody from starting.
        const forget = surroundings.clock.after(OPENING_MS, resolve)
        const onSent = (): void => {
          forget()
          resolve()
        }
        void follow(surroundings, { path, signal, onInvoice, onSent, onOpen: opened })
      })
    },
    watch(paymentHash) {
      if (!listeners.awaitAccepted() || watched.has(paymentHash) || watched.size >= MOST_WATCHED) return
      if (signal.aborted) return
      watched.add(paymentHash)
      const onInvoice = ({ incoming: { state } }: LndInvoice): 'more' | 'done' => {
        if (state === 'pending') return 'more'
        if (state === 'accepted') listeners.tellAccepted(paymentHash)
        return 'done'
      }
      const path = (): string => `/v2/invoices/subscribe/${base64UrlOf(paymentHash)}`
      void follow(surroundings, { path, signal, onInvoice }).then(() => watched.delete(paymentHash))
    },
    stop: () => ending.abort(),
  }
}

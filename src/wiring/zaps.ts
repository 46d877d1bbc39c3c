/** Which zaps are heard, and who are we to them? The receipts of our own address, where the operator sells for zaps. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import { parseRefundDestination } from '../core/refund.js'
import { ZAP_RECEIPT_KIND, type ZapRecipient } from '../nostr/kinds/zap.js'
import { fetchPayDocument, lnurlOf } from '../settlement/lnurl-pay.js'
import { createSecondPayments } from '../settlement/second-payment.js'
import type { Targets } from '../settlement/watch.js'
import { createZap, type ZapSource } from '../settlement/zap.js'

const KEPT_MS: Millis = 3_600_000
const UNANSWERED_MS: Millis = 4_000
const DAY_S = 86_400

/** Null where nothing is sold for zaps. */
export function openZaps(
  { announce, upstreams }: Config,
  adapters: Adapters,
  targets: Targets,
  onStray: (job: Job) => Promise<void>,
): ZapSource | null {
  const address = parseRefundDestination(announce.lud16 ?? '')
  const isSold = upstreams.some(({ resell }) => resell.enabled && resell.zaps)
  if (!isSold || isMalformed(address) || address.type !== 'address') return null
  const { wallets, store, clock, log, signer, web } = adapters
  let known: { readonly at: Millis; readonly recipient: ZapRecipient | null } | null = null
  let asking: Promise<ZapRecipient | null> | null = null

  async function ask(): Promise<ZapRecipient | null> {
    if (isMalformed(address) || address.type !== 'address') return null
    const document = await fetchPayDocument(web, address)
    const nostrPubkey = isMalformed(document) ? null : document.nostrPubkey
    if (nostrPubkey === null) {
      log.warn({ reason: isMalformed(document) ? document.malformed : 'it takes no zaps' }, 'announce.lud16 not usable')
    }
    const recipient = nostrPubkey && { self: signer.pubkey, nostrPubkey, lnurl: lnurlOf(address) }
    known = { at: clock.now(), recipient }
    return recipient
  }

  /** Anybody can sign a receipt: however many come, our address is asked once, and once more after a while where it does not answer. */
  async function recipient(): Promise<ZapRecipient | null> {
    if (known && clock.now() - known.at < (known.recipient ? KEPT_MS : UNANSWERED_MS)) return known.recipient
    asking ??= ask().finally(() => void (asking = null))
    return asking
  }

  const second = createSecondPayments({ wallets, store, onStray, clock, log })
  const onPaid: typeof second.lookOut = (job) => second.lookOut(job)
  const zap = createZap({ targets, wallets, store, recipient, onStray, onPaid, clock, log })
  return {
    ...zap,
    stop() {
      second.stop()
      zap.stop()
    },
  }
}

/** Those of a day are heard again after each start: what was not taken before is taken then. Returns the way to stop. */
export function hearZaps(zaps: ZapSource | null, { relays, signer, clock }: Adapters, readRelays: readonly string[]) {
  if (!zaps) return () => undefined
  const since = Math.floor(clock.now() / 1000) - DAY_S
  const listening = relays.subscribe({
    name: 'zaps',
    relays: readRelays,
    filters: () => [{ kinds: [ZAP_RECEIPT_KIND], '#p': [signer.pubkey], since }],
    onEvent: (event) => zaps.receive(event),
    // A forged copy must not keep the real one out.
    known: () => false,
  })
  return () => listening.close()
}

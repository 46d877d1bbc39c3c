/** What does the configuration say of purchases where it says nothing? The defaults, in core terms. */
import { msatFromSats, type Msat } from '../../src/core/money.js'
import type { PurchaseTerms, Upstream } from '../../src/core/route.js'
import type { Exposure } from '../../src/steps/context.js'

export const PURCHASE_TERMS: PurchaseTerms = {
  markupMsat: 0 as Msat,
  markupPpm: 0,
  feePpm: 10_000,
  minFeeMsat: msatFromSats(10),
  wrap: {
    settle: 'on-preimage',
    maxHoldMs: 300_000,
    trusted: false,
    maxUntrustedMsat: msatFromSats(1000),
    maxHolds: 50,
    maxUnderWay: 50,
    maxExpirySeconds: 600,
    bufferSeconds: 120,
    marginBlocks: 80,
    maxDelayBlocks: 1000,
  },
  resell: {
    enabled: false,
    maxMsat: msatFromSats(1000),
    windowMs: 86_400_000,
    maxWindowMsat: msatFromSats(10_000),
    maxLiabilityMsat: msatFromSats(10_000),
    bufferSeconds: 120,
    zaps: false,
  },
}

/** An upstream whose invoices are passed through. */
export const NO_PURSE: Pick<Upstream, 'mode' | 'wallet' | 'terms'> = {
  mode: 'auto',
  wallet: null,
  terms: PURCHASE_TERMS,
}

/** Nothing stands open. */
export const NO_EXPOSURE: Exposure = {
  takeSlot: () => true,
  underWayTo: () => 0,
  endanger: () => undefined,
  isHalted: () => false,
  objectionToResale: () => null,
  spend: async () => null,
  spendOnRefund: async () => true,
}

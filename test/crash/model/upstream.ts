/** How is the upstream configured in the simulated world? */
import { msatFromSats } from '../../../src/core/money.js'
import type { Upstream } from '../../../src/core/route.js'
import { NO_PURSE, PURCHASE_TERMS } from '../../support/purchase-terms.js'
import { API_PATH, PRICE_SATS } from './gate.js'
import type { Plan } from './plan.js'
import { PURSE } from './purse.js'

export function upstreamFor(plan: Plan): Upstream {
  const repeatable = new Set(['GET'])
  return {
    name: 'api',
    ...purchaseSettings(plan),
    publicUrl: 'https://api.example',
    payee: null,
    statusEndpoint: plan.source === 'statusEndpoint',
    merchantWallet: plan.source === 'merchantWallet' ? 'till' : null,
    exactPrice: plan.gate === 'exact' ? 'auto' : null,
    reuseCredit: plan.reportsCredit,
    maxRequestBytes: 4_096,
    routes: [
      {
        name: 'orders',
        methods: new Set(['GET', 'POST']),
        matches: (path) => path === API_PATH,
        pattern: API_PATH,
        maxMsat: msatFromSats(PRICE_SATS * 100),
        minMsat: msatFromSats(1),
        repeatable,
        idempotencyKey: plan.idempotencyKey,
        gated: true,
        priceMsat: null,
        description: null,
      },
    ],
  }
}

/** Liability and window are of no matter here: one job at a time. */
function purchaseSettings({ purchase }: Plan): Pick<Upstream, 'mode' | 'wallet' | 'terms'> {
  if (purchase === null) return NO_PURSE
  const { mode, settle, trusted } = purchase
  const most = msatFromSats(1_000_000)
  const wrap = { ...PURCHASE_TERMS.wrap, settle, trusted, maxUntrustedMsat: most }
  const resell = { ...PURCHASE_TERMS.resell, enabled: true, maxMsat: most, maxWindowMsat: most, maxLiabilityMsat: most }
  return { mode, wallet: PURSE, terms: { ...PURCHASE_TERMS, wrap, resell } }
}

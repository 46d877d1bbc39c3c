/** Which preimage sources does this configuration have? Opens them all under the one watch that they report to. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import type { EventId } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import type { Upstream } from '../core/route.js'
import { createCustomerProof, type CustomerProof } from '../settlement/customer-proof.js'
import { createMerchantWallet, type MerchantWallet } from '../settlement/merchant-wallet.js'
import { createPurses, type Purse } from '../settlement/purse.js'
import { createRequestBudget, type RequestBudget } from '../settlement/request-budget.js'
import { createHoldInvoice } from '../settlement/hold-invoice.js'
import { createStatusEndpoint } from '../settlement/status-endpoint.js'
import { createSettlementWatch, type PreimageSource, type SettlementWatch, type Targets } from '../settlement/watch.js'
import type { ZapSource } from '../settlement/zap.js'
import { openZaps } from './zaps.js'

export interface Settlements {
  readonly settlements: SettlementWatch
  /** The merchant wallets that some upstream is paid into, by name. */
  readonly tills: ReadonlyMap<string, MerchantWallet>
  readonly proofs: CustomerProof
  /** Null where nothing is sold for zaps. */
  readonly zaps: ZapSource | null
  /** Wallets that pay upstreams, by name. */
  readonly purses: ReadonlyMap<string, Purse>
}

export function openSettlements(wiring: {
  readonly config: Config
  readonly adapters: Adapters
  readonly upstreams: readonly Upstream[]
  readonly onFound: (jobId: EventId) => void
  /** A payment that no offer waits for. */
  readonly onStray: (job: Job) => Promise<void>
}): Settlements {
  const { config, adapters, upstreams, onFound, onStray } = wiring
  const { signer, clock, log } = adapters
  const tills = new Map<string, MerchantWallet>()
  const purses = createPurses(adapters.wallets, clock)

  function openTills(targets: Targets): MerchantWallet[] {
    for (const [name, wallet] of adapters.wallets) {
      const served = new Set(upstreams.filter(({ merchantWallet }) => merchantWallet === name).map((u) => u.name))
      if (served.size === 0) continue
      const receivesFor = ({ upstream }: { readonly upstream: string }): boolean => served.has(upstream)
      const sweepMs = config.settlement.sweepSeconds * 1000
      tills.set(name, createMerchantWallet({ wallet, receivesFor, targets, sweepMs, clock, log }))
    }
    return [...tills.values()]
  }

  /** Wallets whose own invoices customers pay. */
  function openPurses(targets: Targets): PreimageSource[] {
    return [...purses].flatMap(([name, { wallet, info }]): PreimageSource[] => {
      const served = upstreams.filter((upstream) => upstream.wallet === name && upstream.mode !== 'passthrough')
      if (served.length === 0) return []
      const isOwn = ({ ownWallet }: { readonly ownWallet?: string | null }): boolean => ownWallet === name
      const sweepMs = config.settlement.sweepSeconds * 1000
      const holds = createHoldInvoice({ wallet, info, isOwn, targets, sweepMs, clock, log })
      if (!served.some(({ terms }) => terms.resell.enabled)) return [holds]
      const own = createMerchantWallet({ wallet, name: 'ownInvoice', receivesFor: isOwn, targets, sweepMs, clock, log })
      return [holds, own]
    })
  }

  const opened: { proofs?: CustomerProof; zaps?: ZapSource | null } = {}
  const settlements = createSettlementWatch({
    log,
    onFound,
    sources: (targets) => {
      const budgets = new Map<string, RequestBudget>()
      const budgetOf = (upstream: string): RequestBudget => {
        const origin = config.upstreams.find(({ name }) => name === upstream)?.origin ?? upstream
        const budget = budgets.get(origin) ?? createRequestBudget(config.settlement.statusRequestsPerSecond, clock)
        budgets.set(origin, budget)
        return budget
      }
      const proofs = (opened.proofs = createCustomerProof({ targets, signer, log }))
      const endpoints = [...adapters.clients.values()].map((client) =>
        createStatusEndpoint({ client, targets, budget: budgetOf(client.name), clock, log }),
      )
      const zaps = (opened.zaps = openZaps(config, adapters, targets, onStray))
      return [...openTills(targets), ...openPurses(targets), ...endpoints, proofs, ...(zaps ? [zaps] : [])]
    },
  })
  if (!opened.proofs) throw new TypeError('the watch opens its sources at once')
  return { settlements, tills, proofs: opened.proofs, purses, zaps: opened.zaps ?? null }
}

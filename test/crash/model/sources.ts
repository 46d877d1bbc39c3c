/** Who tells a life of the daemon that it was paid? The real sources, over the simulated ports. */
import type { EventId } from '../../../src/core/identifiers.js'
import type { Clock, Logger, Signer, UpstreamClient, Wallet } from '../../../src/ports.js'
import { createCustomerProof } from '../../../src/settlement/customer-proof.js'
import { createHoldInvoice } from '../../../src/settlement/hold-invoice.js'
import { createMerchantWallet, type MerchantWallet } from '../../../src/settlement/merchant-wallet.js'
import { createRequestBudget } from '../../../src/settlement/request-budget.js'
import { createStatusEndpoint } from '../../../src/settlement/status-endpoint.js'
import { createSettlementWatch, type Targets } from '../../../src/settlement/watch.js'
import { PURSE } from './purse.js'

const SWEEP_MS = 30_000

export function createSources({
  wallet,
  purse,
  client,
  signer,
  clock,
  log,
  onFound,
}: {
  readonly wallet: Wallet | null
  readonly purse: Wallet | null
  readonly client: UpstreamClient
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Logger
  readonly onFound: (jobId: EventId) => void
}) {
  const opened: { proofs?: ReturnType<typeof createCustomerProof>; till?: MerchantWallet } = {}
  const surroundings = { sweepMs: SWEEP_MS, clock, log }
  const isOwn = ({ ownWallet }: { readonly ownWallet?: string | null }): boolean => ownWallet === PURSE

  const ofPurse = (targets: Targets) =>
    purse === null
      ? []
      : [
          createHoldInvoice({ wallet: purse, isOwn, targets, ...surroundings }),
          createMerchantWallet({ wallet: purse, name: 'ownInvoice', receivesFor: isOwn, targets, ...surroundings }),
        ]

  const plainSettlements = createSettlementWatch({
    log,
    onFound,
    sources(targets) {
      const proofs = (opened.proofs = createCustomerProof({ targets, signer, log }))
      const status = createStatusEndpoint({ client, targets, budget: createRequestBudget(10, clock), clock, log })
      if (wallet === null) return [...ofPurse(targets), status, proofs]
      opened.till = createMerchantWallet({ wallet, receivesFor: () => true, targets, ...surroundings })
      return [opened.till, ...ofPurse(targets), status, proofs]
    },
  })
  if (!opened.proofs) throw new TypeError('the watch opens its sources at once')
  return { plainSettlements, proofs: opened.proofs, till: opened.till ?? null }
}

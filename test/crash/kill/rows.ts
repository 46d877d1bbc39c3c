/** Which jobs does the kill matrix carry? One row per kind of gate, method and way to learn the preimage. */
import type { PreimageSourceName } from '../../../src/core/job.js'
import type { CustomerErrorCode } from '../../../src/core/errors.js'
import { purchaseSettingsOf, UPSTREAM_EXPIRY_S, type PurchaseTraits } from './purchase-rows.js'
import type { DialectName, GatewaySettings } from '../../../src/dev/gateways/settings.js'

export interface Row {
  readonly name: string
  readonly source: PreimageSourceName
  readonly gate: 'reusable' | 'exact' | 'single'
  readonly method: 'GET' | 'POST'
  /** The upstream honours `Idempotency-Key`, and the route says so. */
  readonly idempotencyKey: boolean
  /** The first paid call is executed and its answer lost, so that the job passes the points of a failure. */
  readonly broken: boolean
  /** Left out unless all are asked for: what it adds is little. */
  readonly extra: boolean
  /** Our own wallet pays the upstream. */
  readonly purchase?: PurchaseTraits
}

const SOURCES = { status: 'statusEndpoint', wallet: 'merchantWallet', proof: 'customerProof' } as const

function row(name: string, extra = false): Row {
  const [source = '', gate = '', method = '', ...traits] = name.split(' ')
  return {
    name,
    source: SOURCES[source as keyof typeof SOURCES],
    gate: gate as Row['gate'],
    method: method as Row['method'],
    idempotencyKey: traits.includes('key'),
    broken: traits.includes('broken'),
    extra,
  }
}

export const ROWS: readonly Row[] = [
  row('status reusable GET'),
  row('wallet reusable GET'),
  row('proof reusable GET'),
  row('status exact GET'),
  row('wallet single GET'),
  row('proof single POST'),
  row('status reusable POST'),
  row('wallet single POST broken'),
  row('wallet exact POST', true),
  row('status exact POST key', true),
  row('wallet reusable POST', true),
  row('wallet exact GET', true),
  row('wallet single POST', true),
  row('proof exact GET', true),
  row('proof exact POST', true),
  row('proof reusable POST', true),
  row('proof single GET', true),
  row('wallet single GET broken', true),
]

export function dialectOf({ gate, source }: Row): DialectName {
  if (gate === 'single') return 'single-use'
  return gate === 'reusable' && source !== 'statusEndpoint' ? 'aperture' : 'toll-booth'
}

export const gatewaySettingsOf = (row: Row): Partial<GatewaySettings> => ({
  qrCodes: false,
  statusEndpoint: row.source === 'statusEndpoint',
  createInvoice: row.gate === 'exact',
  idempotencyKeys: row.idempotencyKey,
  ...(row.purchase ? { invoiceExpirySeconds: UPSTREAM_EXPIRY_S } : {}),
})

/** Settings of the upstream in the daemon's configuration. */
export const upstreamSettingsOf = (row: Row): object => ({
  statusEndpoint: row.source === 'statusEndpoint' ? 'auto' : 'off',
  ...(row.purchase
    ? purchaseSettingsOf(row.purchase)
    : row.source === 'merchantWallet'
      ? { merchantWallet: 'till' }
      : {}),
  exactPrice: row.gate === 'exact' ? 'auto' : 'off',
  routes: [
    { name: 'joke', path: '/joke', maxSats: 1_000 },
    {
      name: 'orders',
      path: '/orders',
      methods: ['POST'],
      maxSats: 1_000,
      gated: true,
      idempotencyKey: row.idempotencyKey,
    },
  ],
})

/** Errors that may take the place of a result: only where the gate counts calls, or a call must not be repeated. */
export function errorsAllowed({ gate, method, idempotencyKey }: Row): readonly CustomerErrorCode[] {
  if (idempotencyKey) return []
  if (method === 'POST') return ['outcome-unknown']
  return gate === 'reusable' ? [] : ['credential-consumed']
}

/** Which jobs does the kill matrix carry where our own wallet pays the upstream? One row per mode and per way in which a payment goes. */
import type { Point } from './daemon-process.js'
import type { Row } from './rows.js'

export interface PurchaseTraits {
  readonly mode: 'wrap' | 'resell'
  readonly settle: 'on-preimage' | 'on-result'
  /** What becomes of the first payment of our wallet; null where it goes through, and the wallet says so. */
  readonly payment: 'refused' | 'unknown' | null
}

function row(name: string): Row {
  const words = name.split(' ')
  const mode = words[0] === 'resell' ? 'resell' : 'wrap'
  return {
    name,
    source: 'merchantWallet',
    gate: words.includes('single') ? 'single' : 'reusable',
    method: words.includes('POST') ? 'POST' : 'GET',
    idempotencyKey: false,
    broken: words.includes('broken'),
    extra: false,
    purchase: {
      mode,
      settle: words.includes('on-result') ? 'on-result' : 'on-preimage',
      payment: words.includes('unknown') ? 'unknown' : words.includes('refused') ? 'refused' : null,
    },
  }
}

export const PURCHASE_ROWS: readonly Row[] = [
  row('wrap on-preimage GET'),
  row('wrap on-preimage POST unknown'),
  row('wrap on-preimage GET refused'),
  row('wrap on-result GET'),
  row('wrap on-result POST single broken'),
  row('resell GET'),
  row('resell GET refused'),
]

/** How long an invoice of the upstream can be paid: short, since what was never sent is given up only after it. */
export const UPSTREAM_EXPIRY_S = 240

export const purchaseSettingsOf = ({ mode, settle }: PurchaseTraits): object => ({
  mode,
  wallet: 'purse',
  wrap: { settle, trusted: true },
  resell: { enabled: mode === 'resell' },
})

/** Rows that differ in the course of the payment alone pass the other points as their neighbours do. */
const IN_FULL: ReadonlySet<string> = new Set(['wrap on-preimage GET', 'wrap on-result GET', 'resell GET refused'])
const OF_MONEY = /^(wallet\.|store\.save:|publish:(6800|7000|23194))/

/** Where time is short: each point once, and of most rows those where money or a promise moves. */
export const isWorthwhile = ({ row, point }: { readonly row: Row; readonly point: Point }): boolean =>
  !row.purchase || (point.occurrence === 1 && (IN_FULL.has(row.name) || OF_MONEY.test(point.name)))

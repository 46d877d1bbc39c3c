/** What can be set on a gateway of the embedded world? */

export const DIALECTS = [
  'toll-booth',
  'toll-booth-flat',
  'toll-booth-mock',
  'token-suffix',
  'aperture',
  'spec',
  'single-use',
  'non-macaroon',
  'lsat-only',
] as const
export type DialectName = (typeof DIALECTS)[number]

export const isDialectName = (value: string): value is DialectName => (DIALECTS as readonly string[]).includes(value)

export interface GatewaySettings {
  /** Price of one call, in sats. `setPrice` changes it later. */
  readonly priceSats: number
  /** What the invoice of a credit gate buys, in sats. */
  readonly bundleSats: number
  readonly invoiceExpirySeconds: number
  /** Credit gates: whether POST /create-invoice is there. */
  readonly createInvoice: boolean
  /** Credit gates: whether GET /invoice-status/:hash is there. The challenge names it all the same. */
  readonly statusEndpoint: boolean
  /** Credit gates: whether each 402 also offers the scheme `Payment`, with an invoice of its own. */
  readonly paymentRail: boolean
  /** Credit gates: whether create-invoice draws a QR code of 23 kB, which takes 3 ms. */
  readonly qrCodes: boolean
  /** Named in the body of a credit gate's 402; null for none. */
  readonly serviceName: string | null
  /** Aperture: seconds until a token ends; null for never. */
  readonly tokenLifetimeSeconds: number | null
  /** Aperture: the token is for one path, which must contain neither `:` nor `,`, or it never verifies. */
  readonly dynamicPrice: boolean
  /** The API answers a repeated `Idempotency-Key` with its first answer: nothing is executed, debited or used up. */
  readonly idempotencyKeys: boolean
  /** `Retry-After` of a 429. */
  readonly retryAfterSeconds: number
}

export const DEFAULT_SETTINGS: GatewaySettings = {
  priceSats: 21,
  bundleSats: 1000,
  invoiceExpirySeconds: 3600,
  createInvoice: true,
  statusEndpoint: true,
  paymentRail: true,
  qrCodes: true,
  serviceName: null,
  tokenLifetimeSeconds: null,
  dynamicPrice: false,
  idempotencyKeys: false,
  retryAfterSeconds: 1,
}

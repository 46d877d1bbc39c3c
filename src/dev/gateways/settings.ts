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
  'lightning-toll',
  'fiber',
  'satgate',
  'payment',
  'x402',
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
  /** Seconds until a challenge of the scheme `Payment` ends. */
  readonly paymentExpirySeconds: number
  /** What such a challenge asks for: one charge, or a deposit of which calls are paid. */
  readonly paymentIntent: 'charge' | 'session'
  /** Credit gates: calls for nothing that each address has. */
  readonly freeCalls: number
  /** Credit gates: bundles with a discount, by what they cost. */
  readonly creditTiers: Readonly<Record<number, number>>
  /** Credit gates: there is no Lightning behind it. */
  readonly cashuOnly: boolean
  /** Credit gates: their pages are below this path, and are named without it all the same. */
  readonly prefix: string
  /** Named in the body of a credit gate's 402; null for none. */
  readonly serviceName: string | null
  /** Aperture: seconds until a token ends; null for never. */
  readonly tokenLifetimeSeconds: number | null
  /** Aperture: the token is for one path, which must contain neither `:` nor `,`, or it never verifies. */
  readonly dynamicPrice: boolean
  /** Aperture: which credentials the service takes. It asks for L402 whatever this says. */
  readonly authScheme: 'l402' | 'mpp' | 'l402+mpp'
  /** Single use: a token without a preimage is taken once its invoice is paid. */
  readonly autoDetectPayment: boolean
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
  paymentExpirySeconds: 900,
  paymentIntent: 'charge',
  freeCalls: 0,
  creditTiers: {},
  cashuOnly: false,
  prefix: '',
  serviceName: null,
  tokenLifetimeSeconds: null,
  dynamicPrice: false,
  authScheme: 'l402',
  autoDetectPayment: false,
  idempotencyKeys: false,
  retryAfterSeconds: 1,
}

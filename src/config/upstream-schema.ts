/** Which settings does an upstream have? Its connection, how it is paid, and the routes that are offered. */
import { z } from 'zod'
import {
  fixedPath,
  headerName,
  name,
  originUrl,
  pathPattern,
  proxyUrl,
  publicUrl,
  text,
  wholeNumber,
  withoutRepeats,
} from './fields.js'
import { checkRoute, checkUpstream } from './upstream-rules.js'
import { feesSchema, markupSchema, modeSchema, resellSchema, wrapSchema } from './payment-schema.js'

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
export type Method = (typeof METHODS)[number]

/** One bitcoin: whoever asks more for a call has made a mistake. */
const MOST_SATS = 100_000_000
const MOST_BYTES = 10_485_760
/** What goes into a blob is read whole. */
const MOST_ANSWER_BYTES = 104_857_600

const routeSchema = z
  .strictObject({
    path: pathPattern()
      .describe('Path pattern: * stands for one whole segment, a last ** for whatever follows.')
      .meta({ examples: ['/v1/weather/*'] }),
    methods: z
      .array(z.enum(METHODS))
      .min(1)
      .max(METHODS.length)
      .superRefine(withoutRepeats)
      .default(['GET'])
      .describe('HTTP methods that are offered on the path.'),
    maxSats: wholeNumber(1, MOST_SATS)
      .describe('The most that one invoice of this route may ask, in sats; a dearer one is never shown to a customer.')
      .meta({ examples: [1000] }),
    minSats: wholeNumber(1, MOST_SATS)
      .default(1)
      .describe('The least that one invoice of this route may ask, in sats.'),
    name: text(100)
      .optional()
      .describe('Name in the log and in saved jobs, unique within the upstream; unset, it is the methods and the path.')
      .meta({ examples: ['weather'] }),
    idempotent: z
      .boolean()
      .optional()
      .describe(
        'Whether a call may be repeated when its outcome is unknown; unset, true for GET, HEAD, PUT and DELETE, and false for POST and PATCH.',
      )
      .meta({ examples: [true] }),
    idempotencyKey: z
      .boolean()
      .default(false)
      .describe('Whether the upstream honours the Idempotency-Key header, so that any call may be repeated.'),
    gated: z
      .boolean()
      .default(false)
      .describe('Whether a call without a credential never executes, so that a quote may be repeated after a crash.'),
    priceSats: wholeNumber(1, MOST_SATS)
      .optional()
      .describe('Exact price of one call in sats, where the upstream can make an invoice for an exact amount.')
      .meta({ examples: [10] }),
    resultBytes: wholeNumber(1, MOST_ANSWER_BYTES)
      .optional()
      .describe(
        'Size of the largest answer in bytes, if you know it: where that cannot be delivered, jobs are refused before they cost anything.',
      )
      .meta({ examples: [2_000_000] }),
    stream: z
      .boolean()
      .default(false)
      .describe('Whether text is passed on to the customer while the upstream still sends it (kind 7000, partial).'),
    description: text(500)
      .optional()
      .describe('What the route does, as customers read it in the announcement.')
      .meta({ examples: ['The weather of a city, as JSON.'] }),
  })
  .superRefine(checkRoute)
  .describe('A path that customers may call; the first route that fits counts, and anything else is refused.')

const timeoutsSchema = z.strictObject({
  connectMs: wholeNumber(100, 600_000)
    .default(10_000)
    .describe('Longest time to connect, in milliseconds; an .onion may need 60000.'),
  headersMs: wholeNumber(100, 600_000)
    .default(30_000)
    .describe('Longest wait for the head of an answer, in milliseconds.'),
  bodyMs: wholeNumber(100, 600_000)
    .default(30_000)
    .describe('Longest pause within the body of an answer, in milliseconds.'),
  totalMs: wholeNumber(100, 3_600_000).default(60_000).describe('Longest time for a whole call, in milliseconds.'),
})

const exactPriceSchema = z.union(
  [
    z.enum(['auto', 'off']),
    z.strictObject({
      createInvoicePath: fixedPath().describe('Path at which the upstream makes an invoice for an exact amount.'),
      priceSats: wholeNumber(1, MOST_SATS)
        .optional()
        .describe('Exact price of one call in sats, unless the route says it.'),
    }),
  ],
  {
    // What is wrong inside the braces is told by the setting inside them.
    error: ({ input }) => (typeof input === 'object' ? undefined : 'must be auto, off or { createInvoicePath: PATH }'),
  },
)

export const upstreamSchema = z
  .strictObject({
    name: name()
      .describe('Name in the log and in saved jobs; do not change it while jobs are open.')
      .meta({ examples: ['weather-api'] }),
    origin: originUrl()
      .describe('Scheme, host and port of the API as this daemon reaches it.')
      .meta({ examples: ['https://api.example.com'] }),
    publicUrl: publicUrl()
      .optional()
      .describe('URL at which the public reaches the API, for the announcement; unset, none is announced.')
      .meta({ examples: ['https://api.example.com'] }),
    merchantWallet: name()
      .optional()
      .describe('Name in wallets of the wallet that receives what customers pay to this API.')
      .meta({ examples: ['till'] }),
    wallet: name()
      .optional()
      .describe('Name in wallets of the wallet that pays this API and is paid by customers, for wrap and resell.')
      .meta({ examples: ['till'] }),
    mode: modeSchema,
    markup: markupSchema,
    fees: feesSchema,
    wrap: wrapSchema,
    resell: resellSchema,
    statusEndpoint: z
      .enum(['auto', 'off'])
      .default('auto')
      .describe('Whether a status URL named in the 402 answer is asked for the preimage: auto or off.'),
    statusPrefix: fixedPath()
      .optional()
      .describe(
        'Path below which the pages of a status endpoint and of exactPrice are mounted, where the 402 answer names them from the root.',
      )
      .meta({ examples: ['/gate'] }),
    scheme: z
      .enum(['auto', 'l402', 'payment'])
      .default('auto')
      .describe(
        'Which offer of a 402 answer is taken: auto (L402 or LSAT, else the scheme Payment, else x402 over Lightning), l402, or payment.',
      ),
    payee: z
      .string()
      .regex(/^0[23][0-9a-f]{64}$/, { error: 'must be a Lightning node id: 66 lower-case hex digits' })
      .optional()
      .describe('Lightning node id that every invoice must pay, 66 hex digits; unset, any node is accepted.')
      .meta({ examples: ['02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619'] }),
    exactPrice: exactPriceSchema
      .default('auto')
      .describe(
        'Whether to ask for the exact price of a call instead of a bundle: auto (where the 402 answer says how), off, or { createInvoicePath, priceSats }.',
      ),
    reuseCredit: z
      .enum(['auto', 'always', 'off'])
      .default('auto')
      .describe(
        'Whether a credential serves further calls of the customer who paid for it: auto (where the upstream reports what is left), always (its tokens are good for more calls), or off.',
      ),
    creditDays: wholeNumber(1, 3650)
      .default(365)
      .describe('How long after its last use a credential with credit left is kept, in days.'),
    proxy: proxyUrl()
      .optional()
      .describe('SOCKS5 proxy for all calls to this upstream; an .onion needs one.')
      .meta({ examples: ['socks5://127.0.0.1:9050'] }),
    allowInsecure: z
      .boolean()
      .default(false)
      .describe('Whether plain http to a host other than this machine is allowed.'),
    timeouts: timeoutsSchema.prefault({}).describe('How long to wait for this upstream.'),
    connections: wholeNumber(1, 1024).default(64).describe('The most connections at one time.'),
    maxRequestBytes: wholeNumber(1, MOST_BYTES)
      .default(65_536)
      .describe('The largest request body that a customer may send, in bytes.'),
    maxResponseBytes: wholeNumber(1, MOST_ANSWER_BYTES)
      .optional()
      .describe(
        'The largest answer that is read, in bytes; unset, blobs.maxBytes where blobs.servers names one, else three quarters of publish.maxEventBytes (49152).',
      )
      .meta({ examples: [49_152] }),
    forwardHeaders: z
      .array(headerName())
      .max(32)
      .superRefine(withoutRepeats)
      .default([])
      .describe('Request headers, in lower case, that a job may set besides accept and content-type.'),
    routes: z
      .array(routeSchema)
      .min(1)
      .max(200)
      .describe('The paths that customers may call; anything else is refused.'),
  })
  .superRefine(checkUpstream)
  .describe('An L402-gated API.')

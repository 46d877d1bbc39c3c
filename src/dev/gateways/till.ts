/** What has a gateway charged, and what is left of it? The book of its invoices, tokens and credit. */
import { randomBytes } from 'node:crypto'
import type { PaymentHash } from '../../core/identifiers.js'
import { msatFromSats } from '../../core/money.js'
import { sha256Hex } from '../lightning/ledger.js'
import type { LightningNode } from '../lightning/node.js'
import type { Counts } from './counters.js'
import type { GatewaySettings } from './settings.js'

/** One invoice, the token that goes with it, and what became of them. */
export interface Charge {
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  readonly amountSats: number
  readonly token: string
  /** Credit that a payment buys. */
  readonly creditSats: number
  /** Unlocks the status page of this invoice: 64 hex digits. A secret. */
  readonly statusToken: string
  /** Absent for L402. A charge of the other rails is for one call. */
  readonly rail?: Rail
  /** Accepted in place of the preimage by gates that give it out. A secret. */
  readonly settlementSecret: string
  /** Calls that were admitted with it. */
  uses: number
  /** Null until it was used first. */
  balanceSats: number | null
}

export type Rail = 'payment' | 'x402'

export interface ChargeRequest {
  readonly amountSats: number
  readonly creditSats?: number
  readonly description: string
  /** Default: that of the settings. */
  readonly expirySeconds?: number
  readonly rail?: Rail
  readonly mintToken: (paymentHash: PaymentHash) => string
}

export interface Till {
  readonly settings: GatewaySettings
  /** Signs the tokens of this gateway. */
  readonly rootKey: Buffer
  readonly node: LightningNode
  readonly priceSats: () => number
  readonly setPrice: (sats: number) => void
  readonly charge: (request: ChargeRequest) => Promise<Charge>
  find(paymentHash: string): Charge | undefined
  findInvoice(bolt11: string): Charge | undefined
  /** The charge made before the last one. */
  previous(): Charge | undefined
  stop(): void
}

export interface TillParts {
  readonly node: LightningNode
  readonly settings: GatewaySettings
  readonly counts: Counts
}

export function createTill({ node, settings, counts }: TillParts): Till {
  const charges = new Map<string, Charge>()
  const lastTwo: Charge[] = []
  let priceSats = settings.priceSats
  const stop = node.onSettled(({ paymentHash }) => {
    if (charges.has(paymentHash)) counts.chargesSettled += 1
  })

  return {
    settings,
    rootKey: randomBytes(32),
    node,
    priceSats: () => priceSats,
    setPrice: (sats) => void (priceSats = sats),
    async charge({ amountSats, creditSats = amountSats, description, rail, expirySeconds, mintToken }) {
      const { bolt11, paymentHash } = await node.makeInvoice({
        amountMsat: msatFromSats(amountSats),
        description,
        expirySeconds: expirySeconds ?? settings.invoiceExpirySeconds,
      })
      const secrets = randomBytes(64).toString('hex')
      const charge: Charge = {
        bolt11,
        paymentHash,
        amountSats,
        creditSats,
        token: mintToken(paymentHash),
        statusToken: secrets.slice(0, 64),
        settlementSecret: secrets.slice(64),
        ...(rail ? { rail } : {}),
        uses: 0,
        balanceSats: null,
      }
      charges.set(paymentHash, charge)
      if (rail) return charge
      counts.invoicesMinted += 1
      lastTwo.push(charge)
      if (lastTwo.length > 2) lastTwo.shift()
      return charge
    },
    find: (paymentHash) => charges.get(paymentHash),
    findInvoice: (bolt11) => [...charges.values()].find((charge) => charge.bolt11 === bolt11),
    previous: () => (lastTwo.length === 2 ? lastTwo[0] : undefined),
    stop,
  }
}

/** L402 §Credential: the preimage proves the payment, without a look at the node. */
export const isPreimageOf = (charge: Charge, key: string): boolean =>
  /^[0-9a-f]{64}$/i.test(key) && sha256Hex(key) === charge.paymentHash

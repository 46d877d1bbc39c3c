/** How is an invoice written and read (BOLT11)? For simulated nodes, and for gateways that must offer a bad one. */
import bolt11 from 'bolt11'
import { parsePaymentHash, isMalformed, type PaymentHash } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { PaymentFault } from './node.js'

export type InvoicePrefix = 'bc' | 'tb' | 'bcrt'

export interface UnsignedInvoice {
  readonly paymentHash: string
  readonly paymentSecret: string
  /** Null for an invoice that leaves the amount to the payer. */
  readonly amountMsat: Msat | null
  readonly description: string
  /** In hex; stands in the place of the description. */
  readonly descriptionHash?: string
  /** Seconds since 1970. */
  readonly timestamp: number
  readonly expirySeconds: number
  readonly prefix: InvoicePrefix
  /** BOLT11 `c`, in blocks; 18 unless said. */
  readonly minCltvDelta?: number
  /** Number of a feature bit to set beside the usual ones. */
  readonly extraFeatureBit?: number
}

export interface ReadInvoice {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat | null
  readonly prefix: string
  readonly payee: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Blocks. */
  readonly minCltvDelta: number
}

const NETWORKS = {
  bc: { bech32: 'bc', pubKeyHash: 0x00, scriptHash: 0x05, validWitnessVersions: [0, 1] },
  tb: { bech32: 'tb', pubKeyHash: 0x6f, scriptHash: 0xc4, validWitnessVersions: [0, 1] },
  bcrt: { bech32: 'bcrt', pubKeyHash: 0x6f, scriptHash: 0xc4, validWitnessVersions: [0, 1] },
} as const satisfies Record<InvoicePrefix, object>

/** BOLT9: bits 8 and 14 required, 17 supported, as LND and LDK sign them. */
const FEATURES = {
  word_length: 4,
  var_onion_optin: { required: true, supported: false },
  payment_secret: { required: true, supported: false },
  basic_mpp: { required: false, supported: true },
}
const FIRST_UNNAMED_BIT = 20
const MIN_FINAL_CLTV_EXPIRY = 18
const DEFAULT_EXPIRY_SECONDS = 3600

/** Signed by the key, which is recoverable from the signature: there is no `n` field. */
export function signInvoice(invoice: UnsignedInvoice, nodeKey: Buffer): string {
  const network = NETWORKS[invoice.prefix]
  const unsigned = bolt11.encode(
    {
      network: { ...network, validWitnessVersions: [...network.validWitnessVersions] },
      ...(invoice.amountMsat === null ? {} : { millisatoshis: String(invoice.amountMsat) }),
      timestamp: invoice.timestamp,
      tags: [
        { tagName: 'payment_hash', data: invoice.paymentHash },
        { tagName: 'payment_secret', data: invoice.paymentSecret },
        invoice.descriptionHash === undefined
          ? { tagName: 'description', data: invoice.description }
          : { tagName: 'purpose_commit_hash', data: invoice.descriptionHash },
        { tagName: 'expire_time', data: invoice.expirySeconds },
        { tagName: 'min_final_cltv_expiry', data: invoice.minCltvDelta ?? MIN_FINAL_CLTV_EXPIRY },
        { tagName: 'feature_bits', data: features(invoice.extraFeatureBit) },
      ],
    },
    false,
  )
  const { paymentRequest } = bolt11.sign(unsigned, nodeKey)
  if (paymentRequest === undefined) throw new Error('the invoice was not signed')
  // Copied: it was put together letter by letter, and as such a chain it takes 9 kB for as long as it is kept.
  return Buffer.from(paymentRequest, 'latin1').toString('latin1')
}

function features(extraBit: number | undefined) {
  if (extraBit === undefined) return FEATURES
  const bits = Array.from({ length: extraBit - FIRST_UNNAMED_BIT + 1 }, (_, i) => i === extraBit - FIRST_UNNAMED_BIT)
  const words = Math.ceil((extraBit + 1) / 5)
  while ((FIRST_UNNAMED_BIT + bits.length) % 5 !== 0) bits.push(false)
  return { ...FEATURES, word_length: words, extra_bits: { start_bit: FIRST_UNNAMED_BIT, bits } }
}

/** @throws on anything but an invoice whose checksum and signature hold. */
export function decodeInvoice(text: string): ReadInvoice {
  const { prefix, millisatoshis, timestamp, payeeNodeKey, tagsObject } = bolt11.decode(text)
  const paymentHash = parsePaymentHash(tagsObject.payment_hash)
  if (isMalformed(paymentHash) || !payeeNodeKey || !prefix || timestamp === undefined) throw new Error('not an invoice')
  return {
    paymentHash,
    amountMsat: millisatoshis ? (Number(millisatoshis) as Msat) : null,
    prefix: /^ln(bcrt|bc|tbs|tb)/.exec(prefix)?.[1] ?? prefix,
    payee: payeeNodeKey,
    expiresAt: (timestamp + (tagsObject.expire_time ?? DEFAULT_EXPIRY_SECONDS)) * 1000,
    minCltvDelta: tagsObject.min_final_cltv_expiry ?? MIN_FINAL_CLTV_EXPIRY,
  }
}

export interface Payable {
  readonly paymentHash: PaymentHash
  readonly payee: string
  readonly amountMsat: Msat
  /** False where the amount is the payer's choice. */
  readonly amountNamed: boolean
  readonly minCltvDelta: number
}

/** What a node checks before it pays. @throws PaymentFault `refused` */
export function readPayable(text: string, amountGiven: Msat | undefined, now: number): Payable {
  const { prefix, expiresAt, amountMsat: named, paymentHash, payee, minCltvDelta } = decodeOrRefuse(text)
  if (prefix !== 'bcrt') throw new PaymentFault('refused', 'the invoice is for another network')
  if (expiresAt <= now) throw new PaymentFault('refused', 'the invoice has expired')
  const amountMsat = named ?? amountGiven
  if (amountMsat === undefined) throw new PaymentFault('refused', 'the invoice names no amount, and none was given')
  return { paymentHash, payee, amountMsat, amountNamed: named !== null, minCltvDelta }
}

function decodeOrRefuse(text: string): ReadInvoice {
  try {
    return decodeInvoice(text)
  } catch {
    throw new PaymentFault('refused', 'this is not an invoice')
  }
}

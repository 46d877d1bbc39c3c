/** What does a BOLT11 invoice ask for, and is it well made? Checksum, signature and amount by `bolt11`; fields by our reader. */
import { decode } from 'bolt11'
import {
  isMalformed,
  malformed,
  parsePaymentHash,
  type Malformed,
  type Millis,
  type PaymentHash,
} from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import type { Network } from '../ports.js'
import { parseInvoiceFields } from './invoice-fields.js'

export interface Invoice {
  readonly network: Network
  /** Null where the payer would choose the amount. */
  readonly amountMsat: Msat | null
  readonly paymentHash: PaymentHash
  /** Node key in compressed hex, recovered from the signature: proves nothing unless it is compared with a known one. */
  readonly payee: string
  readonly timestamp: Millis
  readonly expiresAt: Millis
  readonly description: string | null
  readonly descriptionHash: string | null
  readonly minFinalCltv: number
}

const MAX_CHARS = 4_096
/** `ln`, network, amount, the last `1`, data. Bounds the amount too: the package takes time quadratic in its digits. */
const SHAPE = /^ln(bcrt|bc|tbs|tb)((?:[1-9][0-9]{0,17}[munp]?)?)1([02-9ac-hj-np-z]{117,})$/

const NETWORKS: Readonly<Record<string, Network>> = { bc: 'mainnet', tb: 'testnet', tbs: 'signet', bcrt: 'regtest' }
/** The package knows every network but signet, which it would read as testnet with an odd amount. */
const SIGNET = { bech32: 'tbs', pubKeyHash: 0x6f, scriptHash: 0xc4, validWitnessVersions: [0, 1] }

/** Even feature bits that a payer may be required to know; the odd ones never matter (BOLT9). */
const KNOWN_EVEN_FEATURES: ReadonlySet<number> = new Set([8, 14, 16, 24, 48, 262])

/** Never throws; bounded in time whatever the input. */
export function decodeInvoice(bolt11: string): Invoice | Malformed {
  if (bolt11.length > MAX_CHARS) return malformed('the invoice is too long')
  const lower = bolt11 === bolt11.toUpperCase() ? bolt11.toLowerCase() : bolt11
  const [, prefix, , data] = SHAPE.exec(lower) ?? []
  const network = prefix === undefined ? undefined : NETWORKS[prefix]
  if (data === undefined || network === undefined) return malformed('the invoice is not BOLT11 of a known network')
  const signed = decodeSigned(lower, network)
  if (isMalformed(signed)) return signed
  const fields = parseInvoiceFields(data)
  if (isMalformed(fields)) return fields
  const paymentHash = parsePaymentHash(fields.paymentHash)
  if (isMalformed(paymentHash)) return malformed('the invoice has no payment hash')
  if (fields.paymentSecret === null) return malformed('the invoice has no payment secret')
  if ((fields.description === null) === (fields.descriptionHash === null)) {
    return malformed('the invoice has not exactly one of description and description hash')
  }
  const unknown = fields.features.find((bit) => bit % 2 === 0 && !KNOWN_EVEN_FEATURES.has(bit))
  if (unknown !== undefined) return malformed(`the invoice requires the unknown feature ${unknown}`)
  return {
    network,
    amountMsat: signed.amountMsat,
    paymentHash,
    payee: signed.payee,
    timestamp: signed.seconds * 1000,
    expiresAt: (signed.seconds + fields.expirySeconds) * 1000,
    description: fields.description,
    descriptionHash: fields.descriptionHash,
    minFinalCltv: fields.minFinalCltv,
  }
}

interface Signed {
  readonly amountMsat: Msat | null
  readonly payee: string
  readonly seconds: number
}

/** What the package is trusted with. An `n` field that differs from the recovered key makes it throw. */
function decodeSigned(bolt11: string, network: Network): Signed | Malformed {
  try {
    const { millisatoshis, payeeNodeKey, timestamp } = decode(bolt11, network === 'signet' ? SIGNET : undefined)
    const amountMsat = millisatoshis == null ? null : parseMsat(millisatoshis)
    if (isMalformed(amountMsat)) return amountMsat
    if (payeeNodeKey === undefined || timestamp === undefined) return malformed('the invoice has no signature')
    return { amountMsat, payee: payeeNodeKey, seconds: timestamp }
  } catch {
    return malformed('the checksum, signature or amount of the invoice does not hold')
  }
}

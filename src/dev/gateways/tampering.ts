/** What would a hostile or broken gateway put into its 402? Each way once, by name. */
import { randomBytes } from 'node:crypto'
import { msatFromSats } from '../../core/money.js'
import { signInvoice, type UnsignedInvoice } from '../lightning/sign-invoice.js'
import { parseJsonObject, type Answer } from './answer.js'
import type { Charge, Till } from './till.js'
import { mintMacaroon } from './token.js'

export type TamperName = keyof typeof TAMPERINGS

interface Tampering {
  /** Done to the charge before the 402 is made of it. */
  readonly charge?: (charge: Charge, till: Till) => Charge
  /** Done to the finished 402. */
  readonly answer?: (answer: Answer) => Answer
}

const ELSEWHERE = 'https://elsewhere.example'
const HUGE_BYTES = 1_048_576
const UNKNOWN_REQUIRED_BIT = 100

const TAMPERINGS = {
  /** The body speaks of one sat, the invoice of more. */
  bodyAmount: { answer: inBody('amount_sats', () => 1) },
  bodyHash: { answer: inBody('payment_hash', () => randomBytes(32).toString('hex')) },
  foreignStatusOrigin: { answer: inBody('payment_url', (path) => `${ELSEWHERE}${String(path)}`) },
  foreignNetwork: { charge: (charge) => resigned(charge, { prefix: 'bc' }) },
  expiredInvoice: { charge: (charge) => resigned(charge, { timestamp: nowInSeconds() - 7200 }) },
  amountlessInvoice: { charge: (charge) => resigned(charge, { amountMsat: null }) },
  unknownFeature: { charge: (charge) => resigned(charge, { extraFeatureBit: UNKNOWN_REQUIRED_BIT }) },
  /** Ten times the price, said consistently everywhere. */
  dearInvoice: { charge: (charge) => resigned(charge, { amountMsat: msatFromSats(charge.amountSats * 10) }, 10) },
  corruptInvoice: { charge: (charge) => ({ ...charge, bolt11: `${charge.bolt11.slice(0, -6)}qqqqqq` }) },
  emptyInvoice: { charge: (charge) => ({ ...charge, bolt11: '' }) },
  /** The invoice of the charge before, under a token of today. */
  reusedHash: { charge: (charge, till) => ({ ...(till.previous() ?? charge) }) },
  /** A token that commits to a hash which nobody will pay. */
  tokenOfAnotherHash: {
    charge: (charge, { rootKey }) => {
      const paymentHash = randomBytes(32).toString('hex')
      return { ...charge, token: mintMacaroon({ rootKey, paymentHash, location: 'gateway', caveats: [] }) }
    },
  },
  /** Characters that no header may carry; possible in a body only. */
  tokenWithLineBreak: { answer: inBody('macaroon', (token) => `${String(token)}\r\nX-Injected: 1`) },
  garbageHeader: { answer: (answer) => withHeader(answer, 'L402 macaroon="never closed, invoice==,,\t"') },
  hugeBody: { answer: (answer) => ({ ...answer, body: JSON.stringify({ padding: 'x'.repeat(HUGE_BYTES) }) }) },
  redirect: { answer: () => ({ status: 307, headers: { Location: `${ELSEWHERE}/` }, body: '' }) },
} as const satisfies Record<string, Tampering>

export const isTamperName = (value: string): value is TamperName => Object.hasOwn(TAMPERINGS, value)

export function tamperCharge(name: TamperName | null, charge: Charge, till: Till): Charge {
  const tampering: Tampering = name === null ? {} : TAMPERINGS[name]
  return tampering.charge?.(charge, till) ?? charge
}

export function tamperAnswer(name: TamperName | null, answer: Answer): Answer {
  const tampering: Tampering = name === null ? {} : TAMPERINGS[name]
  return tampering.answer?.(answer) ?? answer
}

/** The same charge with an invoice that a key unknown to anyone signed. */
function resigned(charge: Charge, changes: Partial<UnsignedInvoice>, dearer = 1): Charge {
  const bolt11 = signInvoice(
    {
      paymentHash: charge.paymentHash,
      paymentSecret: randomBytes(32).toString('hex'),
      amountMsat: msatFromSats(charge.amountSats),
      description: 'L402',
      timestamp: nowInSeconds(),
      expirySeconds: 3600,
      prefix: 'bcrt',
      ...changes,
    },
    randomBytes(32),
  )
  return { ...charge, bolt11, amountSats: charge.amountSats * dearer }
}

const nowInSeconds = (): number => Math.floor(Date.now() / 1000)

/** Changes a field of the JSON body, within `l402` where there is one. An answer without such a field stays as it is. */
function inBody(field: string, change: (value: unknown) => unknown): (answer: Answer) => Answer {
  return (answer) => {
    const root = parseJsonObject(Buffer.from(answer.body))
    if (!root) return answer
    const nested = root['l402']
    const place = typeof nested === 'object' && nested !== null ? (nested as Record<string, unknown>) : root
    if (!(field in place)) return answer
    place[field] = change(place[field])
    return { ...answer, body: JSON.stringify(root) }
  }
}

const withHeader = (answer: Answer, value: string): Answer => ({
  ...answer,
  headers: {
    ...Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !/^www-authenticate$/i.test(name))),
    'WWW-Authenticate': value,
  },
})

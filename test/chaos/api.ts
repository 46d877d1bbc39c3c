/** What does the gated API of this world do? Free paths and paid ones, each call counted; it never fails here, since relays do. */
import { createHash } from 'node:crypto'
import type { PaymentHash, Preimage } from '../../src/core/identifiers.js'
import { msatFromSats } from '../../src/core/money.js'
import { signInvoice } from '../../src/dev/lightning/sign-invoice.js'
import type { SettledIncoming, UpstreamClient, UpstreamOutcome, Wallet, WalletMethod } from '../../src/ports.js'
import type { Agenda } from '../crash/model/agenda.js'
import type { Chance } from './chance.js'
import { unsupportedBy } from '../../src/wallets/unsupported.js'

export const PRICE_SATS = 21
export const EXPIRY_S = 900
const NODE_KEY = Buffer.alloc(32, 0x11)

interface Charge {
  readonly target: string
  readonly preimage: Preimage
  readonly paymentHash: PaymentHash
  readonly expiresAt: number
  settledAt: number | null
  executed: number
}

export interface Api {
  readonly client: UpstreamClient
  readonly wallet: Wallet
  /** Executions of paid calls, by target. */
  readonly executions: ReadonlyMap<string, number>
  /** True where it could still be paid. */
  pay(paymentHash: string): boolean
}

const sha256 = (data: string | Buffer): Buffer => createHash('sha256').update(data).digest()

export function createApi(agenda: Agenda, chance: Chance): Api {
  const charges = new Map<string, Charge>()
  const executions = new Map<string, number>()
  const settled: SettledIncoming[] = []
  const listeners = new Set<(settled: SettledIncoming) => void>()
  const methods = new Set<WalletMethod>()

  function challenge(target: string): UpstreamOutcome {
    const preimage = sha256(`preimage ${charges.size}`)
    const paymentHash = sha256(preimage).toString('hex') as PaymentHash
    const timestamp = Math.floor(agenda.now() / 1000)
    const invoice = signInvoice(
      {
        paymentHash,
        paymentSecret: sha256(`secret ${charges.size}`).toString('hex'),
        amountMsat: msatFromSats(PRICE_SATS),
        description: 'one call',
        timestamp,
        expirySeconds: EXPIRY_S,
        prefix: 'bcrt',
      },
      NODE_KEY,
    )
    const expiresAt = (timestamp + EXPIRY_S) * 1000
    charges.set(paymentHash, {
      target,
      preimage: preimage.toString('hex') as Preimage,
      paymentHash,
      expiresAt,
      settledAt: null,
      executed: 0,
    })
    return json(402, {}, { 'www-authenticate': [`L402 macaroon="token-${paymentHash}", invoice="${invoice}"`] })
  }

  function call(target: string, authorization: string | undefined): UpstreamOutcome {
    if (target.startsWith('/free')) return json(200, { target })
    const [, hash = '', key = ''] = /^L402 token-([0-9a-f]{64}):([0-9a-f]{64})$/.exec(authorization ?? '') ?? []
    const charge = charges.get(hash)
    if (!charge || charge.settledAt === null || charge.preimage !== key || charge.executed > 0) return challenge(target)
    charge.executed += 1
    executions.set(charge.target, (executions.get(charge.target) ?? 0) + 1)
    return json(200, { target })
  }

  const client: UpstreamClient = {
    name: 'api',
    send: ({ target, authorization }) =>
      new Promise((resolve) => {
        agenda.after(chance.between(5, 300), () => resolve(call(target, authorization)))
      }),
    sameOriginTarget: (reference) => (reference.startsWith('/') ? reference : null),
    stop: async () => undefined,
  }

  const wallet: Wallet = {
    ...unsupportedBy('till'),
    name: 'till',
    methods,
    async start() {
      for (const method of ['getInfo', 'lookupInvoice', 'listIncoming', 'onSettled'] as const) methods.add(method)
    },
    getInfo: async () => ({ network: 'regtest', nodeId: null, blockHeight: null, backend: null }),
    lookupInvoice: async (hash) => {
      const charge = charges.get(hash)
      const found = settled.find(({ paymentHash }) => paymentHash === hash)
      if (found) return { state: 'settled', ...found }
      return { state: charge ? 'pending' : 'not_found' }
    },
    lookupPayment: async () => ({ state: 'not_found' }),
    listIncoming: async ({ since }) => ({
      settled: settled.filter(({ settledAt }) => (settledAt ?? 0) >= since),
      cursor: null,
    }),
    payInvoice: async () => ({ type: 'refused', reason: 'read-only' }),
    onSettled(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    stop: async () => undefined,
  }

  return {
    client,
    wallet,
    executions,
    pay(paymentHash) {
      const charge = charges.get(paymentHash)
      if (!charge || charge.settledAt !== null || charge.expiresAt <= agenda.now()) return false
      charge.settledAt = agenda.now()
      const payment = {
        paymentHash: charge.paymentHash,
        preimage: charge.preimage,
        amountMsat: msatFromSats(PRICE_SATS),
        settledAt: charge.settledAt,
      }
      settled.push(payment)
      // A fifth of the pushes is lost: the sweep finds what they told.
      if (!chance.of(20)) agenda.after(chance.between(10, 2_000), () => listeners.forEach((listen) => listen(payment)))
      return true
    },
  }
}

function json(status: number, value: object, headers: Record<string, readonly string[]> = {}): UpstreamOutcome {
  const body = new TextEncoder().encode(JSON.stringify(value))
  return { type: 'response', status, headers: { 'content-type': ['application/json'], ...headers }, body }
}

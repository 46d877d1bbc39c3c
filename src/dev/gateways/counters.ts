/** What did a gateway do? Counted for tests and benches. */

/** One execution by the API behind the gate. */
export interface ServedCall {
  readonly method: string
  readonly target: string
  /** Of the credential that paid for it; null for a call that is free. */
  readonly paymentHash: string | null
  /** 1 for the first call with that credential; 0 for a call that is free. */
  readonly use: number
  readonly idempotencyKey: string | null
  /** What the API answered, whether or not it reached the caller. */
  readonly status: number
}

export interface Counts {
  requests: number
  /** Challenges sent: each has an invoice of its own. */
  challenges: number
  /** L402 invoices: of challenges and of create-invoice. Those of the scheme `Payment` are not among them. */
  invoicesMinted: number
  /** Those of them that were paid. */
  chargesSettled: number
  callsServed: ServedCall[]
  /** Requests with a known Idempotency-Key, answered from memory. */
  replays: number
  /** Credentials answered with 401. */
  refusals: number
  statusPolls: number
}

/** A live view: it changes as the gateway works. */
export type GatewayCounters = Readonly<Omit<Counts, 'callsServed'>> & { readonly callsServed: readonly ServedCall[] }

export const createCounts = (): Counts => ({
  requests: 0,
  challenges: 0,
  invoicesMinted: 0,
  chargesSettled: 0,
  callsServed: [],
  replays: 0,
  refusals: 0,
  statusPolls: 0,
})

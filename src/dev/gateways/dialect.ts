/** What distinguishes one L402 server from another? The functions that each dialect fills in; the rest is one gateway. */
import type { Answer, GateRequest } from './answer.js'
import type { Charge, Till } from './till.js'

export interface Credential {
  readonly token: string
  /** After the colon: a preimage, or what the dialect takes in its place. */
  readonly key: string
}

export interface Dialect {
  /** Pages of the gate itself, served before any credential is looked at. */
  readonly pages?: Pages
  readCredential(request: GateRequest): Credential | null
  /** The charge that the credential proves paid and that covers this request; null for none. */
  verify(till: Till, credential: Credential, request: GateRequest): Charge | null
  /** Uses up what one call costs, before the call is made. Headers for its answer; null where too little is left. */
  admit(till: Till, charge: Charge): Answer['headers'] | null
  /** The answer to a credential that does not hold or is used up; null to answer with a new challenge. */
  refuse(why: 'invalid' | 'spent', request: GateRequest): Answer | null
  /** Headers of a call that is let pass for nothing; null where it is to be paid. */
  waive?(till: Till, request: GateRequest): Answer['headers'] | null
  /** The answer of the API, with what its headers say of the cost taken into the book. */
  reconcile?(till: Till, charge: Charge, answer: Answer): Answer
  charge(till: Till, request: GateRequest): Promise<Charge>
  /** The 402, or what the dialect has in its place. */
  challenge(till: Till, request: GateRequest, charge: Charge): Promise<Answer> | Answer
  /** A failure of the gate itself, not of the API behind it. */
  failure(till: Till, status: number): Answer
  /** Headers of every answer that comes through the gate. */
  readonly passing?: Answer['headers']
}

export type PageName = 'status' | 'createInvoice' | 'price' | 'preflight' | 'manifest' | 'badPath'

export interface Pages {
  /** Null for a request that is for none of them. */
  find(request: GateRequest, till: Till): PageName | null
  serve(till: Till, request: GateRequest, page: PageName): Promise<Answer>
}

/** `Scheme token:key`; the token holds no colon. */
export function readAuthorization(request: GateRequest, schemes: readonly string[]): Credential | null {
  for (const line of request.authorizations) {
    const [, scheme = '', token = '', key = ''] = /^(\S+)\s+([^\s:]+):(\S+)$/.exec(line) ?? []
    if (schemes.some((name) => name.toLowerCase() === scheme.toLowerCase())) return { token, key }
  }
  return null
}

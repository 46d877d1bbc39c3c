/** What did LND answer? A result, or the code of its refusal; whatever is neither is thrown (LND REST, a gRPC gateway). */
import type { WalletHttp } from './http.js'
import { isObject, parseJson, type JsonObject } from './json.js'
import { unusable } from './wallet-fault.js'

export type LndResult = JsonObject

export type LndReply =
  | { readonly type: 'result'; readonly result: LndResult }
  /** `code` as gRPC numbers them; `message` without anything that could be a secret. */
  | { readonly type: 'error'; readonly code: number; readonly message: string }

export interface LndClient {
  /** @throws TollbridgeError `timeout`, or `wallet-unusable` where it does not answer, answers nonsense, or denies permission. */
  get(path: string): Promise<LndReply>
  /** As `get`. */
  post(path: string, json: object): Promise<LndReply>
}

/** gRPC's `NOT_FOUND`. */
const NOT_FOUND = 5

export function createLndClient(name: string, http: WalletHttp): LndClient {
  const read = ({ status, body }: { readonly status: number; readonly body: unknown }): LndReply => {
    const reply = status === 200 ? parseResult(body) : parseError(body)
    if (reply === null) throw unusable(name, `it answered ${status} with what LND does not answer`)
    if (reply.type === 'error' && isDenied(reply)) throw unusable(name, DENIED)
    return reply
  }
  return {
    get: async (path) => read(await http.ask({ method: 'GET', path })),
    post: async (path, json) => read(await http.ask({ method: 'POST', path, json })),
  }
}

const DENIED = 'its macaroon is not one of this node, or does not allow what is asked of it'

/** A line of a stream: `{"result": …}` or `{"error": …}`. Null for anything else. */
export function parseStreamed(line: string): LndReply | null {
  const body = parseJson(line)
  if (!isObject(body)) return null
  return isObject(body['result']) ? { type: 'result', result: body['result'] } : parseError(body)
}

const parseResult = (body: unknown): LndReply | null => (isObject(body) ? { type: 'result', result: body } : null)

/** `{"code", "message"}`, or the same within `error` where a stream was asked for. */
function parseError(body: unknown): LndReply | null {
  if (!isObject(body)) return null
  const { code, message } = isObject(body['error']) ? body['error'] : body
  if (typeof code !== 'number' || !Number.isSafeInteger(code) || typeof message !== 'string') return null
  // What is as long as a hash or a key is not repeated.
  return { type: 'error', code, message: message.slice(0, 200).replace(/[A-Za-z0-9+/=_-]{24,}/g, '…') }
}

/**
 * LND gives most of its refusals the code 2, `UNKNOWN`, so that there is nothing but the words to go by: each list has those of the
 * versions since 0.13, and what is not among them is a fault, never taken for an answer.
 */
const SAYS = {
  denied:
    /^(permission denied|verification failed|expected 1 macaroon|cannot (get|determine) macaroon|unmarshal v|macaroon )/i,
  noInvoice: /unable to locate invoice|there are no existing invoices/i,
  taken: /invoice with payment hash already exists/i,
  noRoute: /unable to find a path|insufficient local balance|no_route|(target|source) (node )?not found|no route/i,
}

type LndError = Extract<LndReply, { readonly type: 'error' }>

/** Codes 7 and 16 are gRPC's `PERMISSION_DENIED` and `UNAUTHENTICATED`. */
export const isDenied = ({ code, message }: LndError): boolean =>
  code === 7 || code === 16 || (code === 2 && SAYS.denied.test(message))
export const isNotFound = ({ code, message }: LndError): boolean => code === NOT_FOUND || SAYS.noInvoice.test(message)
/** 6 is gRPC's `ALREADY_EXISTS`. */
export const isTaken = ({ code, message }: LndError): boolean => code === 6 || SAYS.taken.test(message)
export const isWithoutRoute = ({ code, message }: LndError): boolean => code === NOT_FOUND || SAYS.noRoute.test(message)

/** @throws TollbridgeError `wallet-unusable` for a refusal. */
export function resultOf(name: string, reply: LndReply, asked: string): LndResult {
  if (reply.type === 'result') return reply.result
  throw unusable(name, `it does not ${asked}: ${reply.message}`)
}

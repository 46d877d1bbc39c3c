/** What does Core Lightning answer to one command? POST and JSON over clnrest; its own words are never kept. */
import { TollbridgeError } from '../core/errors.js'
import type { WalletHttp } from './http.js'
import { isObject, parseJson, type JsonObject } from './json.js'
import { walletFault } from './wallet-fault.js'

/** Rune missing or refused; no such command; or the number that lightningd gives. */
export type ClnCode = 'denied' | 'unknown-command' | number

export type ClnReply =
  | { readonly type: 'result'; readonly result: JsonObject }
  /** Answered by the node itself. */
  | { readonly type: 'error'; readonly code: ClnCode }
  | { readonly type: 'unsent'; readonly reason: string }
  /** It may have been done. */
  | { readonly type: 'unknown'; readonly reason: string }

export interface ClnCallOptions {
  readonly timeoutMs?: number
  /** Over a connection of its own. */
  readonly fresh?: boolean
}

/** Never throws. */
export type ClnCall = (command: string, parameters: object, options?: ClnCallOptions) => Promise<ClnReply>

/** JSON-RPC 2.0: no such method. */
const UNKNOWN_COMMAND = -32601

export const createClnCall =
  (http: WalletHttp): ClnCall =>
  async (command, parameters, options = {}) => {
    // Never GET: it answers too, and reads no parameters, so that it tells of every invoice there is.
    const outcome = await http.send({ method: 'POST', path: `/v1/${command}`, json: parameters, ...options })
    if (outcome.type !== 'response') return outcome
    const { status, text } = outcome
    if (status === 401 || status === 403) return { type: 'error', code: 'denied' }
    const body = parseJson(text)
    if (!isObject(body)) return { type: 'unknown', reason: `it answered ${status} with what is no JSON object` }
    // 201 is success; 200 too, for what may stand between.
    if (status === 201 || status === 200) return { type: 'result', result: body }
    const { code } = body
    if (typeof code !== 'number' || !Number.isSafeInteger(code))
      return { type: 'unknown', reason: `it answered ${status}` }
    return { type: 'error', code: code === UNKNOWN_COMMAND ? 'unknown-command' : code }
  }

/** The result of what only looks. @throws TollbridgeError `timeout` or `wallet-unusable`. */
export function resultOf(reply: ClnReply, command: string): JsonObject {
  if (reply.type === 'result') return reply.result
  if (reply.type === 'error') throw walletFault(`${command}: ${reasonOf(reply.code)}`)
  throw new TollbridgeError('timeout', `the node did not answer ${command}: ${reply.reason}`)
}

export function reasonOf(code: ClnCode): string {
  if (code === 'denied') return 'its rune is refused there'
  return code === 'unknown-command' ? 'the node has no such command' : `the node answered with code ${code}`
}

/** The objects of a list. @throws TollbridgeError `wallet-unusable` where there is no list. */
export function listOf(result: JsonObject, name: string): JsonObject[] {
  const list = result[name]
  if (!Array.isArray(list)) throw walletFault(`the node answered nonsense: no ${name}`)
  return list.filter(isObject)
}

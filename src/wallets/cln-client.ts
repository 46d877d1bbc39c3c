/** What does Core Lightning answer to one command? POST and JSON over clnrest; its own words are never kept. */
import { TollbridgeError } from '../core/errors.js'
import { parseJson, type WalletHttp } from './http.js'

/** Rune missing or refused; no such command; or the number that lightningd gives. */
export type ClnCode = 'denied' | 'unknown-command' | number

export type ClnReply =
  | { readonly type: 'result'; readonly result: Readonly<Record<string, unknown>> }
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
    const isObject = typeof body === 'object' && body !== null && !Array.isArray(body)
    if (!isObject) return { type: 'unknown', reason: `it answered ${status} with what is no JSON object` }
    const told = body as Record<string, unknown>
    // 201 is success; 200 too, for what may stand between.
    if (status === 201 || status === 200) return { type: 'result', result: told }
    const { code } = told
    if (typeof code !== 'number' || !Number.isSafeInteger(code))
      return { type: 'unknown', reason: `it answered ${status}` }
    return { type: 'error', code: code === UNKNOWN_COMMAND ? 'unknown-command' : code }
  }

/** The result of what only looks. @throws TollbridgeError `timeout` or `wallet-unusable`. */
export function resultOf(reply: ClnReply, command: string): Readonly<Record<string, unknown>> {
  if (reply.type === 'result') return reply.result
  if (reply.type === 'error') throw unusable(`${command}: ${reasonOf(reply.code)}`)
  throw new TollbridgeError('timeout', `the node did not answer ${command}: ${reply.reason}`)
}

export function reasonOf(code: ClnCode): string {
  if (code === 'denied') return 'its rune is refused there'
  return code === 'unknown-command' ? 'the node has no such command' : `the node answered with code ${code}`
}

export const unusable = (reason: string): TollbridgeError => new TollbridgeError('wallet-unusable', reason)

/** The objects of a list. @throws TollbridgeError `wallet-unusable` where there is no list. */
export function listOf(result: Readonly<Record<string, unknown>>, name: string): Readonly<Record<string, unknown>>[] {
  const list = result[name]
  if (!Array.isArray(list)) throw unusable(`the node answered nonsense: no ${name}`)
  return list.filter((entry): entry is Record<string, unknown> => typeof entry === 'object' && entry !== null)
}

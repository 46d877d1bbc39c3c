/** What did the wallet answer? Every plaintext of a kind 23195 becomes a result or a code, whatever was written in it. */
import { isObject, parseJson } from './json.js'

/** Codes beginning with `local:` are ours; a wallet cannot utter them. */
export type NwcReply =
  { readonly type: 'result'; readonly result: object } | { readonly type: 'error'; readonly code: string }

/** Why there is no answer of the wallet. */
export type LocalFault =
  /** Nothing came in time: it may have been done. */
  | 'local:no-reply'
  /** Every relay said that it does not take the request, so it never left. */
  | 'local:refused-by-relays'
  /** No relay is known to have taken the request. */
  | 'local:not-taken'
  | 'local:stopped'
  | 'local:unreadable'
  | 'local:malformed'
  /** Neither a result nor an error: how some wallets say that something is done. */
  | 'local:empty'
  | 'local:failed'

export const localFault = (code: LocalFault): NwcReply => ({ type: 'error', code })

const WALLET_CODE = /^[A-Z][A-Z0-9_]{0,39}$/

/** The wallet's own message is never kept: wallets put invoices and preimages into it. */
export function parseReply(plaintext: string, method: string): NwcReply {
  const value = parseJson(plaintext)
  if (!isObject(value)) return localFault('local:malformed')
  const { result_type: resultType, error, result } = value
  if (resultType !== method && resultType != null && resultType !== '') return localFault('local:malformed')
  const code = isObject(error) && typeof error['code'] === 'string' ? error['code'] : ''
  if (isObject(result) && code === '') return { type: 'result', result }
  if (result == null && error == null && resultType === method) return localFault('local:empty')
  // A result and an error at once, or neither, says nothing that can be relied on.
  const contradicted = isObject(result) && Object.keys(result).length > 0
  if (contradicted || code === '') return localFault('local:malformed')
  return { type: 'error', code: WALLET_CODE.test(code) ? code : 'OTHER' }
}

/** How does one HTTP call to a wallet end? Its bytes are handed on as they come; whether it was sent at all is always known. */
import type { Dispatcher } from 'undici'

export interface ExchangeHandler {
  /** The request is about to be written to a connected socket: from here on it may have taken effect. */
  onSent?(): void
  onStatus(status: number): void
  /** `enough` ends the call. */
  onBytes(chunk: Buffer): 'more' | 'enough'
}

export interface ExchangeLimits {
  readonly timeoutMs: number
  /** True: the time limit counts from the last bytes, not from the start. */
  readonly idle?: boolean
  readonly signals: readonly AbortSignal[]
}

export type ExchangeEnd =
  /** The answer came to its end. */
  | { readonly type: 'complete' }
  /** The handler had enough of it. */
  | { readonly type: 'enough' }
  /** Certainly not sent: no connection was made. */
  | { readonly type: 'unsent'; readonly reason: string }
  /** Sent, at least in part, and no whole answer came: it may have taken effect. */
  | { readonly type: 'unknown'; readonly reason: string }

export const TOOK_TOO_LONG = 'it took too long'

/** Never throws. Follows no redirect. Reasons are codes or words of ours: they quote nothing that was sent. */
export function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { timeoutMs, idle = false, signals }: ExchangeLimits,
  handler: ExchangeHandler,
): Promise<ExchangeEnd> {
  return new Promise((resolve) => {
    let connection: Dispatcher.DispatchController | null = null
    let ended = false
    let timer: NodeJS.Timeout | undefined

    const end = (outcome: ExchangeEnd): void => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', onAbort)
      resolve(outcome)
      if (outcome.type !== 'complete') connection?.abort(new Error('the call has ended'))
    }
    const fail = (reason: string): void => end({ type: connection === null ? 'unsent' : 'unknown', reason })
    const onAbort = (): void => fail('stopped')
    const arm = (): void => {
      clearTimeout(timer)
      timer = setTimeout(() => fail(TOOK_TOO_LONG), timeoutMs)
    }
    if (signals.some(({ aborted }) => aborted)) return onAbort()
    for (const signal of signals) signal.addEventListener('abort', onAbort)
    arm()

    const dispatched: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        // ORDER: a call that has ended as unsent while it waited for a connection must not be sent after all, and none is sent
        // twice: it may have taken effect the first time.
        if (ended || connection !== null) {
          fail('it would have been sent twice')
          return controller.abort(new Error('the call has ended'))
        }
        connection = controller
        handler.onSent?.()
      },
      onResponseStart: (_, statusCode) => {
        if (ended || statusCode < 200) return
        if (idle) arm()
        handler.onStatus(statusCode)
      },
      onResponseData: (_, chunk) => {
        if (ended) return
        if (idle) arm()
        if (handler.onBytes(chunk) === 'enough') end({ type: 'enough' })
      },
      onResponseEnd: () => end({ type: 'complete' }),
      onResponseError: (_, error) => fail(reasonOf(error)),
    }
    try {
      dispatcher.dispatch(options, dispatched)
    } catch (error) {
      fail(reasonOf(error))
    }
  })
}

const NOT_TRUSTED = 'its certificate is not the one that is trusted: name it in the setting certificate'
const NO_TLS = 'it does not speak TLS there: is the url to begin with http?'
const BROKEN_OFF = 'it broke the connection off; if it does so at once, is the url to begin with https?'
const WORDS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
  CERT_SIGNATURE_FAILURE: NOT_TRUSTED,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name than that of the setting url',
  ECONNREFUSED: 'nothing listens at its url',
  ENOTFOUND: 'the host name of its url is not known',
  EHOSTUNREACH: 'it cannot be reached',
  ETIMEDOUT: 'it cannot be reached',
  UND_ERR_CONNECT_TIMEOUT: 'it cannot be reached',
  ECONNRESET: BROKEN_OFF,
  UND_ERR_SOCKET: BROKEN_OFF,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NO_TLS,
}

/** A code, never a message: messages may quote what was sent. */
function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (typeof code === 'string') return WORDS[code] ?? code
  return typeof name === 'string' ? name : 'failed'
}

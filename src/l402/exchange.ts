/** What became of one HTTP call? Never thrown: an answer, too much of one, certainly not sent, or unknown. */
import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type { UpstreamOutcome } from '../ports.js'

export interface Limits {
  /** Of the body as the customer will see it, after any content coding. */
  readonly maxBytes: number
  /** From the call to the last byte, waiting for a free connection included. */
  readonly totalTimeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** Called with each piece of the body of a 2xx answer that has no content coding. */
  readonly onBytes?: ((piece: Uint8Array) => void) | undefined
  readonly keepHeaders: (
    headers: Readonly<Record<string, string | readonly string[] | undefined>>,
  ) => Readonly<Record<string, readonly string[]>>
}

/** `coding` is the content coding that came although none was asked for. */
type Received =
  | {
      readonly type: 'received'
      readonly status: number
      readonly headers: Headers
      readonly coding: string
      readonly body: Buffer
    }
  | Exclude<UpstreamOutcome, { readonly type: 'response' }>
type Headers = Readonly<Record<string, readonly string[]>>

export async function exchange(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  limits: Limits,
): Promise<UpstreamOutcome> {
  const received = await receive(dispatcher, options, limits)
  if (received.type !== 'received') return received
  const { status, headers, coding } = received
  const body = await uncode(received.body, coding, limits.maxBytes)
  if (body === 'tooLarge') return { type: 'tooLarge', status }
  if (body === 'unreadable') return { type: 'unknown', reason: 'the answer has a content coding that cannot be undone' }
  return { type: 'response', status, headers, body }
}

function receive(
  dispatcher: Dispatcher,
  options: Dispatcher.DispatchOptions,
  { maxBytes, totalTimeoutMs, signal, keepHeaders, onBytes }: Limits,
): Promise<Received> {
  return new Promise((resolve) => {
    // Set right before the first byte is written to a connected socket: while it is null, nothing has been sent.
    let connection: Dispatcher.DispatchController | null = null
    let ended = false
    let status = 0
    let headers: Headers = {}
    let coding = ''
    const chunks: Buffer[] = []
    let size = 0

    const end = (received: Received): void => {
      if (ended) return
      ended = true
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      resolve(received)
      if (received.type !== 'received') connection?.abort(new Error('the call has ended'))
    }
    const fail = (reason: string): void => end({ type: connection === null ? 'unsent' : 'unknown', reason })
    const onAbort = (): void => fail('stopped')
    const timer = setTimeout(() => fail('took too long'), totalTimeoutMs)
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort)

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        // ORDER: a call that has ended as unsent while it waited for a connection must not be sent after all, and none is sent
        // twice: it may have taken effect the first time.
        if (ended || connection !== null) {
          fail('would have been sent twice')
          return controller.abort(new Error('the call has ended'))
        }
        connection = controller
      },
      onResponseStart: (_, statusCode, raw) => {
        if (statusCode < 200) return
        status = statusCode
        headers = keepHeaders(raw)
        coding = String(raw['content-encoding'] ?? '')
        if (options.method !== 'HEAD' && Number(raw['content-length']) > maxBytes) end({ type: 'tooLarge', status })
      },
      onResponseData: (_, chunk) => {
        size += chunk.length
        if (size > maxBytes) return end({ type: 'tooLarge', status })
        chunks.push(chunk)
        if (onBytes && status < 300 && ['', 'identity'].includes(coding)) onBytes(chunk)
      },
      onResponseEnd: () => end({ type: 'received', status, headers, coding, body: Buffer.concat(chunks) }),
      onResponseError: (_, error) => fail(reasonOf(error)),
    }
    try {
      dispatcher.dispatch(options, handler)
    } catch (error) {
      fail(reasonOf(error))
    }
  })
}

/** A code, never a message: messages may quote what was sent. */
function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : 'failed'
}

const UNCODERS = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
} as const

/** We ask for `identity`; some servers pack all the same, and a paid answer is not thrown away for that. */
async function uncode(body: Buffer, coding: string, maxBytes: number): Promise<Buffer | 'tooLarge' | 'unreadable'> {
  const name = coding.trim().toLowerCase()
  if (name === '' || name === 'identity' || body.length === 0) return body
  if (!Object.hasOwn(UNCODERS, name)) return 'unreadable'
  try {
    return await UNCODERS[name as keyof typeof UNCODERS](body, { maxOutputLength: Math.max(1, maxBytes) })
  } catch (error) {
    return reasonOf(error) === 'ERR_BUFFER_TOO_LARGE' ? 'tooLarge' : 'unreadable'
  }
}

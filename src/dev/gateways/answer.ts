/** What is asked of a gateway and what does it answer? Plain values, so that a dialect is a set of functions. */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

export interface GateRequest {
  readonly method: string
  /** Path and query as received. */
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  /** Every line of `Authorization`, in order. */
  readonly authorizations: readonly string[]
  readonly body: Buffer
}

export interface Answer {
  readonly status: number
  /** Sent in this order and in this spelling; several values are several lines. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body: string | Uint8Array
  /** Sent one after another in place of the body, as they come. */
  readonly pieces?: AsyncIterable<string>
}

const MAX_BODY_BYTES = 4_194_304

/** Null where the body is larger than any gateway takes. */
export async function readRequest(message: IncomingMessage): Promise<GateRequest | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.byteLength
    if (size > MAX_BODY_BYTES) return null
    chunks.push(chunk)
  }
  const target = message.url ?? '/'
  const [path = '/', query = ''] = target.split(/\?(.*)/s)
  return {
    method: message.method ?? 'GET',
    target,
    path,
    query: new URLSearchParams(query),
    headers: message.headers,
    authorizations: message.headersDistinct['authorization'] ?? [],
    body: Buffer.concat(chunks),
  }
}

export function writeAnswer(response: ServerResponse, { status, headers, body, pieces }: Answer): void {
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  if (pieces) return void writePieces(response, pieces)
  // 204 and 304 have no body, and a length on them would be a lie.
  if (status !== 204 && status !== 304) response.setHeader('Content-Length', Buffer.byteLength(body))
  response.end(body)
}

async function writePieces(response: ServerResponse, pieces: AsyncIterable<string>): Promise<void> {
  try {
    for await (const piece of pieces) {
      if (response.destroyed) return
      response.write(piece)
    }
    response.end()
  } catch {
    response.destroy() // interrupted
  }
}

export const jsonAnswer = (status: number, value: unknown, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

export const textAnswer = (status: number, text: string, headers: Answer['headers'] = {}): Answer => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8', ...headers },
  body: text,
})

/** The fields of a JSON object; null for any other body. */
export function parseJsonObject(body: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null
  } catch {
    return null // not JSON
  }
}

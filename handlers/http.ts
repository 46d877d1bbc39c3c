/** Kind 5800: a job is an HTTP call, its parameters are the call's parts, and the answer's body is the result. */
import { rejection, type HandlerRequest, type JobHandler, type JobRequest, type Rejection } from '../src/index.js'

const METHOD = /^[A-Za-z]{1,16}$/
/** RFC 9110 field values: printable, no line breaks. */
const HEADER_VALUE = /^[\x20-\x7e]{1,256}$/

function toRequest(job: JobRequest): HandlerRequest | Rejection {
  const method = job.params.get('method')
  const path = job.params.get('path')
  // Others use this kind for prompts: a job without method and path is never read as `GET /`.
  if (method === undefined || path === undefined) return rejection('invalid-request', 'no param method or path')
  if (!METHOD.test(method)) return rejection('invalid-request', 'the method is not a word')
  const accept = job.params.get('accept') ?? job.output
  const body = job.params.get('body') ?? null
  const contentType = job.params.get('content-type') ?? (body === null ? null : 'application/json')
  const headers: Record<string, string> = {}
  if (accept) headers.accept = accept
  if (contentType) headers['content-type'] = contentType
  if (Object.values(headers).some((value) => !HEADER_VALUE.test(value))) {
    return rejection('invalid-request', 'accept or content-type is not a header value')
  }
  const [bare = '', ...inPath] = path.split('?')
  const query = [inPath.join('?'), job.params.get('query')?.replace(/^\?/, '')].filter(Boolean).join('&')
  return { method: method.toUpperCase(), path: bare, query, headers, body }
}

const handler: JobHandler = {
  kinds: [5800],
  toRequest,
  toOutput({ status, contentType, body }) {
    const text = decodeText(body)
    if (text === null) {
      return { content: Buffer.from(body).toString('base64'), encoding: 'base64', contentType, httpStatus: status }
    }
    return { content: text, encoding: 'text', contentType, httpStatus: status }
  },
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The body as text, or null where it is not valid UTF-8 and must travel byte for byte. */
function decodeText(body: Uint8Array): string | null {
  try {
    return utf8.decode(body)
  } catch {
    return null
  }
}

export default handler

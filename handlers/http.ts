/** Kind 5800: a job is an HTTP call, its parameters are the call's parts, and the answer's body is the result. */
import {
  isRejection,
  rejection,
  type HandlerRequest,
  type InputValue,
  type JobHandler,
  type JobInput,
  type JobRequest,
  type Rejection,
} from '../src/index.js'

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
  const body = bodyOf(job, method.toUpperCase())
  const inQuery = queryInputs(job)
  if (isRejection(body)) return body
  if (isRejection(inQuery)) return inQuery
  const contentType = job.params.get('content-type') ?? body?.contentType ?? null
  const headers: Record<string, string> = {}
  if (accept) headers.accept = accept
  if (contentType) headers['content-type'] = contentType
  if (Object.values(headers).some((value) => !HEADER_VALUE.test(value))) {
    return rejection('invalid-request', 'accept or content-type is not a header value')
  }
  const [bare = '', ...inPath] = path.split('?')
  const query = [inPath.join('?'), job.params.get('query')?.replace(/^\?/, ''), ...inQuery].filter(Boolean).join('&')
  const isBinary = body?.encoding === 'base64'
  return {
    ...{ method: method.toUpperCase(), path: bare, query, headers, body: body?.content ?? null },
    ...(isBinary ? { bodyEncoding: 'base64' } : {}),
  }
}

const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** Where an input is to go: `body` or `query:NAME`, by its marker. A last `:event` says what of an event is meant, not where. */
const placeOf = ({ marker }: JobInput): string | null => marker?.replace(/(^|:)event$/, '') || null

/** `param body`; or the input that is marked so; or the only one, where the method has a body. */
function bodyOf(job: JobRequest, method: string): InputValue | null | Rejection {
  const param = job.params.get('body')
  const marked = job.inputs.filter((input) => placeOf(input) === 'body')
  if (marked.length + (param === undefined ? 0 : 1) > 1) return rejection('invalid-request', 'more than one body')
  if (param !== undefined) return { content: param, encoding: 'text', contentType: 'application/json' }
  const [only, ...others] = job.inputs
  const isOnly = only !== undefined && others.length === 0 && placeOf(only) === null && METHODS_WITH_BODY.has(method)
  const [input] = isOnly ? [only] : marked
  if (!input?.value) return null
  const { content, encoding, contentType } = input.value
  const plain = encoding === 'base64' ? 'application/octet-stream' : 'text/plain; charset=utf-8'
  return { content, encoding, contentType: contentType ?? plain }
}

/** Each `NAME=value`, encoded. */
function queryInputs({ inputs }: JobRequest): string[] | Rejection {
  const parts: string[] = []
  for (const input of inputs) {
    const [, name] = /^query:(.{1,64})$/.exec(placeOf(input) ?? '') ?? []
    if (name === undefined || !input.value) continue
    if (input.value.encoding === 'base64') return rejection('invalid-request', 'an input that is no text in the query')
    parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(input.value.content)}`)
  }
  return parts
}

const handler: JobHandler = {
  kinds: [5800],
  params: {
    // Which ones are understood is the configuration's to say.
    method: { required: true, values: [] },
    path: { required: true, values: [] },
    query: { required: false, values: [] },
    body: { required: false, values: [] },
    accept: { required: false, values: [] },
    'content-type': { required: false, values: [] },
  },
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

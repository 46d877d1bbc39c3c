/** What does a result hold? Opened where it is encrypted, fetched where it lies in a blob, and decoded to bytes. */
import type { BlobPointer } from '../core/blob.js'
import type { NostrEvent } from '../core/event.js'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { parseJobResult, type JobResult } from '../nostr/kinds/job-result.js'
import { openAnswer } from '../nostr/kinds/private-tags.js'
import { decodeOutput } from './answer.js'
import type { RequestOutcome } from './request-outcome.js'
import { tame, type Tell } from './story.js'

export interface ResultReader {
  /** The plaintext of what the provider has encrypted to us, or null. */
  readonly unseal: (payload: string) => Promise<string | null>
  /** The content of a blob, or why it cannot be had. Without it, blobs are only named. */
  readonly download?: ((pointer: BlobPointer) => Promise<Uint8Array | Malformed>) | undefined
  readonly tell: Tell
}

/** The end of a request, told; null for a result that cannot be read, so that another may come. Expects a verified event. */
export async function tellResult(event: NostrEvent, reader: ResultReader): Promise<RequestOutcome | null> {
  const { tell } = reader
  const read = await readResult(event, reader)
  if (isMalformed(read)) {
    tell({ type: 'ignored', code: 'unreadable-result', message: tame(read.malformed) })
    return null
  }
  const { id, encoding, httpStatus, amountMsat } = read.result
  if (read.type === 'unfetched') {
    return { type: 'unfetched', resultId: id, urls: read.urls, message: tame(read.reason) }
  }
  const { content, body, result } = read
  const contentType = result.contentType === null ? null : tame(result.contentType)
  tell({ type: 'result', resultId: id, httpStatus, contentType, encoding, amountMsat, bytes: body.length })
  return { type: 'result', resultId: id, content, encoding, body, contentType, httpStatus, amountMsat }
}

export type ReadResult =
  | { readonly type: 'read'; readonly result: JobResult; readonly content: string; readonly body: Uint8Array }
  /** It says where the output lies, and none of those servers gives it just now. */
  | {
      readonly type: 'unfetched'
      readonly result: JobResult
      readonly urls: readonly string[]
      readonly reason: string
    }

/** Expects a verified event. Malformed for what is not a result that can be read at all. */
export async function readResult(event: NostrEvent, reader: ResultReader): Promise<ReadResult | Malformed> {
  const result = await openResult(event, reader)
  if (isMalformed(result)) return result
  const { pointer, content, encoding } = result
  if (pointer === null) {
    const body = decodeOutput(content, encoding)
    return isMalformed(body) ? body : { type: 'read', result, content, body }
  }
  if (isMalformed(pointer)) return pointer
  reader.tell({ type: 'downloading', servers: pointer.urls.length, bytes: pointer.size })
  const body = (await reader.download?.(pointer)) ?? malformed('nothing to fetch it with')
  if (isMalformed(body)) return { type: 'unfetched', result, urls: pointer.urls, reason: body.malformed }
  // As if it had stood in the event.
  const text = Buffer.from(body).toString(encoding === 'base64' ? 'base64' : 'utf8')
  return { type: 'read', result, content: text, body }
}

async function openResult(event: NostrEvent, { unseal }: ResultReader): Promise<JobResult | Malformed> {
  const result = parseJobResult(event)
  if (isMalformed(result) || !result.encrypted) return result
  const plaintext = await unseal(result.content)
  if (plaintext === null) return malformed('The result is encrypted, and not to us.')
  const opened = openAnswer(event, plaintext)
  return isMalformed(opened) ? opened : parseJobResult(opened)
}

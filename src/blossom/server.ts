/** What does one Blossom server do with a blob? Asked before, uploaded, and read back: only what comes back counts (BUD-01, 02, 06). */
import { malformed, type Malformed, type Millis } from '../core/identifiers.js'
import type { WebClient, WebOutcome } from '../ports.js'
import { isBlobOf } from './encryption.js'

export interface BlobToKeep {
  readonly bytes: Uint8Array
  readonly x: string
  /** Value of the Authorization header. */
  readonly authorization: string
}

/** What the blob is said to be, until the server takes it: many take pictures only, and look no further than the name. */
const CONTENT_TYPES = ['application/octet-stream', 'image/jpeg', 'video/mp4'] as const

/** Descriptors and complaints are short. */
const MAX_ANSWER_BYTES = 65_536

/** BUD-01: blobs lie at the root of the server, whatever address it gives besides. */
export const blobUrl = (server: string, x: string): string => `${server}/${x}`

/** The URL that gave the same bytes back, or why there is none. Never throws for what the server does. */
export async function keepAt(
  web: WebClient,
  server: string,
  blob: BlobToKeep,
  timeoutMs: Millis,
): Promise<string | Malformed> {
  let why = malformed('it takes no type of content')
  for (const type of CONTENT_TYPES) {
    const asked = await preflight(web, server, blob, type, timeoutMs)
    if (asked !== null) why = asked.complaint
    if (asked?.isAboutType) continue
    if (asked !== null) return why
    const uploaded = await upload(web, server, blob, type, timeoutMs)
    if (uploaded === null) return readBack(web, server, blob, timeoutMs)
    why = uploaded.complaint
    if (!uploaded.isAboutType) return why
  }
  return why
}

interface Complaint {
  readonly complaint: Malformed
  /** Another type of content may help. */
  readonly isAboutType: boolean
}

const complain = (reason: string, isAboutType = false): Complaint => ({ complaint: malformed(reason), isAboutType })

/** Spares an upload that is going to be refused; a server that does not know the question is not asked twice (BUD-06). */
async function preflight(
  web: WebClient,
  server: string,
  { bytes, x, authorization }: BlobToKeep,
  type: string,
  timeoutMs: Millis,
): Promise<Complaint | null> {
  const answer = await web.send({
    method: 'HEAD',
    url: `${server}/upload`,
    headers: { authorization, 'x-sha-256': x, 'x-content-type': type, 'x-content-length': String(bytes.length) },
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs,
  })
  if (answer.type !== 'response') return complain(reasonOf(answer))
  const { status } = answer
  if (status === 400 || status === 415) return complain(`it refuses ${type} (${status})`, true)
  if ([401, 402, 403, 411, 413].includes(status)) return complain(`it answers ${status} before the upload`)
  return null
}

async function upload(
  web: WebClient,
  server: string,
  { bytes, x, authorization }: BlobToKeep,
  type: string,
  timeoutMs: Millis,
): Promise<Complaint | null> {
  const answer = await web.send({
    method: 'PUT',
    url: `${server}/upload`,
    headers: { authorization, 'content-type': type, 'x-sha-256': x },
    body: bytes,
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs,
  })
  if (answer.type !== 'response') return complain(reasonOf(answer))
  const { status, body } = answer
  if (status === 400 || status === 415) return complain(`it refuses ${type} (${status})`, true)
  if (status < 200 || status >= 300) return complain(`it answers ${status} to the upload`)
  const sha256 = hashSaid(body)
  if (sha256 !== null && sha256 !== x) return complain('it says that it keeps another blob')
  return null
}

/** A server may say anything; the address it gives is not even read. */
async function readBack(
  web: WebClient,
  server: string,
  { bytes, x }: BlobToKeep,
  timeoutMs: Millis,
): Promise<string | Malformed> {
  const url = blobUrl(server, x)
  const answer = await web.send({ method: 'GET', url, maxBytes: bytes.length, timeoutMs, redirects: 2 })
  if (answer.type !== 'response') return malformed(`it does not give the blob back: ${reasonOf(answer)}`)
  if (answer.status !== 200) return malformed(`it answers ${answer.status} when the blob is read back`)
  return isBlobOf(answer.body, { size: bytes.length, x }) ? url : malformed('it gives other bytes back')
}

/** BUD-02: true where the server says that it has deleted the blob. */
export async function deleteAt(
  web: WebClient,
  server: string,
  { x, authorization }: Pick<BlobToKeep, 'x' | 'authorization'>,
  timeoutMs: Millis,
): Promise<boolean> {
  const answer = await web.send({
    method: 'DELETE',
    url: blobUrl(server, x),
    headers: { authorization },
    maxBytes: MAX_ANSWER_BYTES,
    timeoutMs,
  })
  return answer.type === 'response' && answer.status >= 200 && answer.status < 300
}

const reasonOf = (outcome: Exclude<WebOutcome, { type: 'response' }>): string =>
  outcome.type === 'tooLarge' ? 'it answers at too great a length' : outcome.reason

function hashSaid(body: Uint8Array): string | null {
  try {
    const { sha256 } = JSON.parse(Buffer.from(body).toString('utf8')) as { sha256?: unknown }
    return typeof sha256 === 'string' ? sha256.toLowerCase() : null
  } catch {
    return null // no descriptor: reading back tells
  }
}

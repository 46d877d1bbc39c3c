/** How does an event say where a blob lies, and which servers we use? Tags as in NIP-94 and NIP-17 §File messages; kind 10063 (BUD-03). */
import type { BlobPointer } from '../../core/blob.js'
import type { EventTemplate } from '../../core/event.js'
import { malformed, type Malformed, type Seconds } from '../../core/identifiers.js'

type Tags = readonly (readonly string[])[]

const BLOB_ALGORITHM = 'aes-gcm'
export const BLOB_SERVERS_KIND = 10_063

const MAX_URLS = 10
const MAX_URL_CHARS = 2_048

export const pointerTags = (pointer: BlobPointer): string[][] => [
  ...pointer.urls.map((url) => ['url', url]),
  // Relays index it: a long one would be refused, and `content-type` says the same.
  ...(pointer.contentType === null || pointer.contentType.length > 255 ? [] : [['m', pointer.contentType]]),
  ['size', String(pointer.size)],
  ['x', pointer.x],
  ['ox', pointer.ox],
  ['key', pointer.key],
  ['nonce', pointer.nonce],
  ['encryption-algorithm', BLOB_ALGORITHM],
]

/** Whether the output lies in a blob that these tags lead to. */
export const hasPointer = (tags: Tags): boolean =>
  ['url', 'x', 'key'].every((wanted) => tags.some(([name]) => name === wanted))

/** What a stranger wrote: bounded and well-formed, nothing more. */
export function parsePointer(tags: Tags): BlobPointer | Malformed {
  const valueOf = (name: string): string => tags.find(([first]) => first === name)?.[1] ?? ''
  const [x, ox, key, nonce, size] = ['x', 'ox', 'key', 'nonce', 'size'].map(valueOf) as [string, ...string[]]
  const urls = tags.flatMap(([name, url]) => (name === 'url' && url !== undefined && isWebUrl(url) ? [url] : []))
  if (urls.length === 0) return malformed('the blob has no address')
  if (valueOf('encryption-algorithm') !== BLOB_ALGORITHM) return malformed('the blob is encrypted in an unknown way')
  if (!isHex(x, 32) || !isHex(ox, 32)) return malformed('the digests of the blob are sha256 in hex')
  if (!isHex(key, 32) || !isHex(nonce, 12)) return malformed('the key of the blob is not one')
  if (!/^[1-9][0-9]{0,11}$/.test(size ?? '')) return malformed('the size of the blob is a number of bytes')
  const contentType = tags.find(([name]) => name === 'm')?.[1] ?? null
  return { urls: urls.slice(0, MAX_URLS), contentType, size: Number(size), x, ox, key, nonce }
}

const isHex = (text: string | undefined, bytes: number): text is string =>
  text !== undefined && text.length === bytes * 2 && /^[0-9a-f]+$/.test(text)

const isWebUrl = (url: string): boolean =>
  url.length <= MAX_URL_CHARS && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)

/** Our own servers, for whoever looks for a blob of ours that has moved. */
export const buildBlobServers = (servers: readonly string[], createdAt: Seconds): EventTemplate => ({
  kind: BLOB_SERVERS_KIND,
  created_at: createdAt,
  tags: servers.map((server) => ['server', server]),
  content: '',
})

/** What does the pointer of a result lead to? Fetched from whichever server has it, and believed only if both digests fit. */
import { blobBytesOf, decryptBlob, isBlobOf } from '../blossom/encryption.js'
import type { BlobPointer } from '../core/blob.js'
import { isMalformed, malformed, type Malformed, type Millis } from '../core/identifiers.js'
import type { WebClient } from '../ports.js'

/** A provider that promises more is not followed: it is held in memory. */
export const MOST_BLOB_BYTES = blobBytesOf(104_857_600)
const TIMEOUT_MS: Millis = 120_000

/** The content, or why it cannot be had: one clause per server. Never throws for what servers do. */
export async function downloadBlob(
  web: WebClient,
  pointer: BlobPointer,
  timeoutMs: Millis = TIMEOUT_MS,
): Promise<Uint8Array | Malformed> {
  if (pointer.size > MOST_BLOB_BYTES) return malformed(`the blob has ${pointer.size} bytes, too many to be fetched`)
  const reasons: string[] = []
  for (const url of pointer.urls) {
    const answer = await web.send({ method: 'GET', url, maxBytes: pointer.size, timeoutMs, redirects: 3 })
    if (answer.type === 'response' && answer.status === 200 && isBlobOf(answer.body, pointer)) {
      const content = decryptBlob(answer.body, pointer)
      // The same bytes lie everywhere else.
      return isMalformed(content) ? malformed(`the provider's pointer is wrong: ${content.malformed}`) : content
    }
    reasons.push(`${new URL(url).host} ${reasonOf(answer)}`)
  }
  return malformed(reasons.join('; '))
}

function reasonOf(answer: Awaited<ReturnType<WebClient['send']>>): string {
  if (answer.type === 'tooLarge') return 'gives more than was promised'
  if (answer.type === 'failed') return `does not answer (${answer.reason})`
  return answer.status === 200 ? 'gives other bytes' : `answers ${answer.status}`
}

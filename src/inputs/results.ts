/** What did a finished job come to? Its result opened, also where it was encrypted by us, or lies in a blob. */
import { decryptBlob, isBlobOf } from '../blossom/encryption.js'
import type { NostrEvent } from '../core/event.js'
import { isMalformed, type Millis, type Pubkey } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import { parseJobResult, RESULT_KIND_OFFSET, type JobResult } from '../nostr/kinds/job-result.js'
import { openAnswer } from '../nostr/kinds/private-tags.js'
import { schemeOf } from '../nostr/encryption.js'
import type { Signer, WebClient } from '../ports.js'
import { foundBytes, foundText, TOO_LARGE, unavailable, wait, type Asker, type Found } from './input-source.js'

export interface Results {
  /** The result of a job of ours. Expects that the asker may have it. */
  ofOurs(job: Job, asker: Asker): Promise<Found>
  /** The result of another service provider, in a verified event. */
  ofOthers(event: NostrEvent, asker: Asker): Promise<Found>
}

export function createResults(wiring: {
  readonly signer: Pick<Signer, 'decrypt'>
  /** For blobs that others name, and for those of our own servers. */
  readonly web: WebClient
  readonly ownWeb: WebClient
  readonly timeoutMs: Millis
}): Results {
  const { signer, web, ownWeb, timeoutMs } = wiring

  async function read(result: JobResult, asker: Asker, client: WebClient): Promise<Found> {
    const { pointer, content, encoding, contentType } = result
    if (isMalformed(pointer)) return unavailable(pointer.malformed)
    if (pointer === null) {
      return encoding === 'text'
        ? foundText(content, contentType, asker)
        : foundBytes(Buffer.from(content, 'base64'), contentType, asker)
    }
    if (pointer.size > asker.room + 16) return TOO_LARGE
    for (const url of pointer.urls) {
      const answer = await client.send({ method: 'GET', url, maxBytes: pointer.size, timeoutMs, redirects: 2 })
      if (answer.type !== 'response' || answer.status !== 200 || !isBlobOf(answer.body, pointer)) continue
      const opened = decryptBlob(answer.body, pointer)
      return isMalformed(opened)
        ? unavailable(opened.malformed)
        : foundBytes(opened, contentType ?? pointer.contentType, asker)
    }
    return wait('no server gave the blob')
  }

  async function decrypted(event: NostrEvent, customer: Pubkey): Promise<NostrEvent | null> {
    if (!event.tags.some(([name]) => name === 'encrypted')) return event
    const opened = openAnswer(event, await signer.decrypt(customer, event.content, schemeOf(event.content)))
    return isMalformed(opened) ? null : opened
  }

  return {
    async ofOurs(job, asker) {
      const json = job.outbox.find(({ purpose }) => purpose === 'result')?.event
      const event = json ? (JSON.parse(json) as NostrEvent) : null
      // What was wrapped cannot be opened again, not even by whoever wrapped it.
      if (event?.kind !== job.kind + RESULT_KIND_OFFSET) return unavailable('the result is kept by its customer only')
      const opened = await decrypted(event, job.customer)
      const result = opened && parseJobResult(opened)
      return !result || isMalformed(result) ? unavailable('the result is unreadable') : read(result, asker, ownWeb)
    },
    async ofOthers(event, asker) {
      const result = parseJobResult(event)
      if (isMalformed(result)) return unavailable(result.malformed)
      return result.encrypted ? unavailable('the result is encrypted') : read(result, asker, web)
    },
  }
}

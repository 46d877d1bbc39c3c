/** `i` of type url: what lies at that address? Asked for with GET, of public hosts only, and never with anything of ours. */
import type { Millis } from '../core/identifiers.js'
import type { WebClient } from '../ports.js'
import { foundBytes, TOO_LARGE, unavailable, wait, type InputSource } from './input-source.js'

const REDIRECTS = 3

export function createUrlSource({
  web,
  timeoutMs,
}: {
  readonly web: WebClient
  readonly timeoutMs: Millis
}): InputSource {
  return async ({ data }, asker) => {
    const request = { method: 'GET', url: data, headers: { accept: '*/*' }, redirects: REDIRECTS } as const
    const outcome = await web.send({ ...request, maxBytes: asker.room, timeoutMs })
    if (outcome.type === 'tooLarge') return TOO_LARGE
    if (outcome.type === 'failed') return wait(outcome.reason)
    const { status, headers, body } = outcome
    if (status >= 200 && status < 300) return foundBytes(body, headers['content-type'] ?? null, asker)
    return status === 429 || status >= 500 ? wait(`answered ${status}`) : unavailable(`answered ${status}`)
  }
}

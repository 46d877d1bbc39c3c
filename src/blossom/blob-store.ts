/** Which servers keep this content? Several are aimed at; one that gives the bytes back is enough. */
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { BlobStore, Clock, Logger, Signer, WebClient } from '../ports.js'
import { authorizationOf, buildBlobAuthorization } from './authorization.js'
import { encryptBlob } from './encryption.js'
import { keepAt, type BlobToKeep } from './server.js'

/** How long a second copy is waited for, once there is a first. */
const SECOND_COPY_MS: Millis = 5_000
/** Blobs under way at one time: each is held in memory, encrypted. */
const AT_ONCE = 4

export function createBlobStore(options: {
  readonly web: WebClient
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Logger
  /** Scheme, host and port of each, in the order of preference. */
  readonly servers: readonly string[]
  readonly copies: number
  readonly maxBytes: number
  /** Of each call to a server. */
  readonly timeoutMs: Millis
  readonly random: (bytes: number) => Uint8Array
}): BlobStore {
  const { web, signer, clock, log, servers, copies, maxBytes, timeoutMs, random } = options
  /** Servers that failed last time: asked when the others have been. */
  const failing = new Set<string>()
  const waiting: (() => void)[] = []
  let underWay = 0

  async function enter(): Promise<() => void> {
    if (underWay >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve))
    else underWay += 1
    return () => {
      const next = waiting.shift()
      if (next) next()
      else underWay -= 1
    }
  }

  /** Where it lies, in the order in which it came back, and what the others said. */
  function keep(blob: BlobToKeep): Promise<{ urls: string[]; reasons: string[] }> {
    const queue = [...servers].sort((a, b) => Number(failing.has(a)) - Number(failing.has(b)))
    const urls: string[] = []
    const reasons: string[] = []
    return new Promise((resolve) => {
      let open = 0
      let cancel = (): void => undefined
      const end = (): void => {
        cancel()
        resolve({ urls: [...urls], reasons: [...reasons] })
      }
      const next = (): void => {
        const server = urls.length + open < copies ? queue.shift() : undefined
        if (server === undefined) return open === 0 ? end() : undefined
        open += 1
        void keepAt(web, server, blob, timeoutMs).then((kept) => {
          open -= 1
          if (isMalformed(kept)) {
            failing.add(server)
            reasons.push(`${server}: ${kept.malformed}`)
            log.warn({ server, reason: kept.malformed }, 'blob server fails')
          } else {
            failing.delete(server)
            if (urls.push(kept) === 1) cancel = clock.after(SECOND_COPY_MS, end)
          }
          next()
        })
      }
      for (let copy = 0; copy < copies; copy += 1) next()
    })
  }

  return {
    maxBytes,
    async put(content, contentType) {
      if (content.length > maxBytes) return { type: 'failed', reason: `${content.length} bytes are too many` }
      const leave = await enter()
      try {
        const { blob, pointer } = encryptBlob(content, random)
        const now = Math.floor(clock.now() / 1000)
        const token = await signer.sign(buildBlobAuthorization({ verb: 'upload', x: pointer.x, servers, now }))
        const kept = await keep({ bytes: blob, x: pointer.x, authorization: authorizationOf(token) })
        if (kept.urls.length === 0) return { type: 'failed', reason: kept.reasons.join('; ') }
        return { type: 'stored', pointer: { ...pointer, urls: kept.urls, contentType } }
      } finally {
        leave()
      }
    },
  }
}

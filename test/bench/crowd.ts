/** Who asks? Many customers behind one socket per relay: jobs signed beforehand, offers paid as they come, results counted. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { tagValue, type EventTemplate, type NostrEvent } from '../../src/core/event.js'
import type { Pubkey } from '../../src/core/identifiers.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { sharedNow } from './meter.js'

export const ANSWER_BYTES = 1024
const JOB_BYTES = 600
const CUSTOMERS = 500
const PATIENCE_MS = 60_000
/** Jobs are signed beforehand: on a slow machine they would be old when they are heard, and an old job is looked for elsewhere first. */
const AHEAD_S = 60

export const FREE_PATH = `/free/bytes/${ANSWER_BYTES}`
export const PAID_PATH = `/bytes/${ANSWER_BYTES}`

export interface PreparedJob {
  readonly id: string
  /** The EVENT message. */
  readonly frame: string
}

const keys = Array.from({ length: CUSTOMERS }, () => {
  const secretKey = randomBytes(32)
  return { secretKey, pubkey: pubkeyOf(secretKey) }
})

/** One event of 600 bytes, from one of many customers. */
export function signJob(provider: Pubkey, path: string, serial: number): NostrEvent {
  const key = keys[serial % keys.length]
  if (!key) throw new RangeError('no such customer')
  const sign = (content: string): NostrEvent => {
    const tags = [
      ['p', provider],
      ['param', 'method', 'GET'],
      ['param', 'path', path],
    ]
    const template: EventTemplate = { kind: 5800, created_at: Math.floor(Date.now() / 1000) + AHEAD_S, tags, content }
    return signEvent(template, key.secretKey, key.pubkey, randomBytes(32))
  }
  const nonce = randomBytes(8).toString('hex')
  const short = JSON.stringify(sign(nonce)).length
  return sign(nonce.padEnd(nonce.length + JOB_BYTES - short, '.'))
}

export function prepareJobs(provider: Pubkey, path: string, count: number): PreparedJob[] {
  return Array.from({ length: count }, (_, serial) => {
    const event = signJob(provider, path, serial)
    return { id: event.id, frame: JSON.stringify(['EVENT', event]) }
  })
}

export interface Crowd {
  /** Publishes jobs to every relay. */
  publish(job: PreparedJob): void
  onOffer(listener: (jobId: string, bolt11: string) => void): void
  /** `at` is when the result's frame arrived, on the shared clock. */
  onResult(listener: (jobId: string, at: number) => void): void
  stop(): void
}

/** Hears answers on the first relay. @throws from its socket's event on any error said of a job: the bench has none to expect. */
export async function gatherCrowd(relayUrls: readonly string[], provider: Pubkey): Promise<Crowd> {
  const sockets = relayUrls.map((url) => new WebSocket(url, { perMessageDeflate: false }))
  const [first] = sockets
  if (!first) throw new RangeError('a crowd needs a relay')
  await Promise.all(sockets.map((socket) => once(socket, 'open')))
  let offered: (jobId: string, bolt11: string) => void = () => undefined
  let delivered: (jobId: string, at: number) => void = () => undefined
  first.on('message', (data: Buffer) => {
    const at = sharedNow()
    if (!data.subarray(0, 8).includes('"EVENT"')) return
    const [, , event] = JSON.parse(data.toString()) as [string, string, NostrEvent]
    const jobId = tagValue(event, 'e') ?? ''
    if (event.kind === 6800) return delivered(jobId, at)
    const status = tagValue(event, 'status')
    if (status === 'payment-required') {
      offered(jobId, event.tags.find(([name]) => name === 'amount')?.[2] ?? '')
    } else if (status === 'error') {
      throw new Error(`a job of the bench was refused: ${JSON.stringify(event.tags)}`)
    }
  })
  const since = Math.floor(Date.now() / 1000) - 5
  const heard = once(first, 'message')
  first.send(JSON.stringify(['REQ', 'answers', { kinds: [7000, 6800], authors: [provider], since }]))
  await heard
  return {
    publish(job) {
      for (const socket of sockets) socket.send(job.frame)
    },
    onOffer: (listener) => void (offered = listener),
    onResult: (listener) => void (delivered = listener),
    stop() {
      for (const socket of sockets) socket.terminate()
    },
  }
}

/** Sends the jobs, so many in flight at one time, until each has its answer: the result, or else the offer. */
export function runJobs(
  crowd: Crowd,
  jobs: readonly PreparedJob[],
  options: {
    readonly inFlight: number
    readonly until: 'result' | 'offer'
    readonly pay?: (bolt11: string, jobId: string) => void
  },
): Promise<void> {
  const open = new Set<string>()
  let next = 0
  return new Promise((resolve, reject) => {
    let deadline = setTimeout(() => undefined, 0)
    const fill = (): void => {
      while (open.size < options.inFlight && next < jobs.length) {
        const job = jobs[next++]
        if (!job) break
        open.add(job.id)
        crowd.publish(job)
      }
    }
    const end = (jobId: string): void => {
      if (!open.delete(jobId)) return
      if (open.size === 0 && next === jobs.length) {
        clearTimeout(deadline)
        return resolve()
      }
      deadline.refresh()
      fill()
    }
    deadline = setTimeout(() => reject(new Error(`${open.size} jobs were dropped`)), PATIENCE_MS)
    crowd.onResult((jobId) => end(jobId))
    crowd.onOffer((jobId, bolt11) => {
      if (!open.has(jobId)) return
      options.pay?.(bolt11, jobId)
      if (options.until === 'offer') end(jobId)
    })
    fill()
  })
}

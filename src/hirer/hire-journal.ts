/** What has this hirer asked for, agreed to and received? One small 0600 file per fact of a hire, each written once. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import {
  isMalformed,
  parseEventId,
  type EventId,
  type Millis,
  type PaymentHash,
  type Pubkey,
  type Seconds,
} from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { createFact, readFact } from '../system/fact-file.js'
import { readIfThere } from '../system/private-file.js'

/** The message as it was first written: wrapped again it is the same rumor, which its recipient runs once. */
export interface SavedMessage {
  readonly rumorId: EventId
  readonly template: EventTemplate
}

/** One request of a hire; a counter-offer that is taken up makes another. */
export interface SavedRound extends SavedMessage {
  /** The `id` in the message, which answers name by `re`. */
  readonly requestId: string
  readonly ceilingMsat: Msat
}

export interface SavedHire {
  /** The id of its first request's rumor. Its payment is kept under the same id. */
  readonly id: EventId
  readonly provider: Pubkey
  readonly task: string
  readonly params: Readonly<Record<string, string>>
  readonly inputs: readonly (readonly string[])[]
  /** The highest price that may be agreed on. */
  readonly maxMsat: Msat
  /** What is kept for fees, where the user has named it. */
  readonly maxFeeMsat?: Msat
  readonly deadline: Seconds
  /** Leave an attestation when it is done. */
  readonly attest: boolean
  readonly at: Millis
  readonly first: SavedRound
}

/** The price that we and the provider agreed on. */
export interface Agreement {
  readonly requestId: string
  readonly priceMsat: Msat
  readonly exact: boolean
  readonly delivers: string
}

export interface SavedResult {
  /** The rumor of the message that brought it. */
  readonly messageId: EventId
  readonly jobId: EventId
  /** The output itself, also where the message only led to it; base64 where `encoding` says so. */
  readonly content: string
  readonly encoding: 'text' | 'base64'
  readonly contentType: string | null
  readonly httpStatus: number | null
  /** Of the body, in hex: what was acknowledged is what is kept. */
  readonly sha256: string
  readonly at: Millis
}

export interface ClosedHire {
  readonly id: EventId
  readonly provider: Pubkey
  readonly task: string
  /** `withdrawn`: by our own rules, wallet or deadline. */
  readonly outcome: 'done' | 'failed' | 'withdrawn'
  readonly paid: boolean
  readonly reason: string
  readonly at: Millis
}

export interface HireJournal {
  /** Durable before it resolves, as all that is saved here. */
  saveHire(hire: SavedHire): Promise<void>
  hire(id: EventId): Promise<SavedHire | null>
  /** Number 1 is the first after the hire's own. Of several processes the first decides: what is saved is returned. */
  saveRound(id: EventId, number: number, round: SavedRound): Promise<SavedRound>
  rounds(id: EventId): Promise<SavedRound[]>
  saveAgreement(id: EventId, agreement: Agreement): Promise<Agreement>
  agreement(id: EventId): Promise<Agreement | null>
  /** Whose invoice has this payment hash? The first that asks has it for good: paid once, it would be a gift to pay it again. */
  claimHash(hash: PaymentHash, id: EventId): Promise<EventId>
  saveResult(id: EventId, result: SavedResult): Promise<SavedResult>
  result(id: EventId): Promise<SavedResult | null>
  saveAck(id: EventId, ack: SavedMessage): Promise<SavedMessage>
  saveAttestation(id: EventId, event: NostrEvent): Promise<NostrEvent>
  close(hire: ClosedHire): Promise<void>
  isClosed(id: EventId): Promise<boolean>
  /** Hires that are neither done nor given up, oldest first. */
  open(): Promise<SavedHire[]>
  closed(): Promise<ClosedHire[]>
}

export function createHireJournal(directory: string): HireJournal {
  const path = (id: EventId, fact: string): string => join(directory, `${id}.${fact}.json`)

  /** The first that is written stays. */
  async function saveOnce<T extends object>(file: string, value: T): Promise<T> {
    if ((await createFact(file, value)) === 'created') return value
    return (await readFact<T>(file)) ?? value
  }

  async function idsWith(fact: string): Promise<EventId[]> {
    const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []
      throw error
    })
    const ids = names.filter((name) => name.endsWith(`.${fact}.json`)).map((name) => parseEventId(name.split('.')[0]))
    return ids.filter((id): id is EventId => !isMalformed(id))
  }

  const readAll = async <T extends object>(ids: readonly EventId[], fact: string): Promise<T[]> =>
    (await Promise.all(ids.map((id) => readFact<T>(path(id, fact))))).filter((value) => value !== null)

  return {
    saveHire: async (hire) => void (await saveOnce(path(hire.id, 'hire'), hire)),
    hire: (id) => readFact<SavedHire>(path(id, 'hire')),
    saveRound: (id, number, round) => saveOnce(path(id, `round-${number}`), round),
    async rounds(id) {
      const rounds: SavedRound[] = []
      for (;;) {
        const next = await readFact<SavedRound>(path(id, `round-${rounds.length + 1}`))
        if (next === null) return rounds
        rounds.push(next)
      }
    },
    saveAgreement: (id, agreement) => saveOnce(path(id, 'agreement'), agreement),
    agreement: (id) => readFact<Agreement>(path(id, 'agreement')),
    claimHash: async (hash, id) => (await saveOnce(join(directory, `${hash}.hash.json`), { hire: id })).hire,
    saveResult: (id, result) => saveOnce(path(id, 'result'), result),
    result: (id) => readFact<SavedResult>(path(id, 'result')),
    saveAck: (id, ack) => saveOnce(path(id, 'ack'), ack),
    saveAttestation: (id, event) => saveOnce(path(id, 'attestation'), event),
    close: async (hire) => void (await saveOnce(path(hire.id, 'closed'), hire)),
    isClosed: async (id) => (await readIfThere(path(id, 'closed'))) !== null,
    async open() {
      const closed = new Set(await idsWith('closed'))
      const ids = (await idsWith('hire')).filter((id) => !closed.has(id))
      return (await readAll<SavedHire>(ids, 'hire')).sort((a, b) => a.at - b.at)
    },
    closed: async () => readAll<ClosedHire>(await idsWith('closed'), 'closed'),
  }
}

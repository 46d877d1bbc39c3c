/** Whose turn is it? At most N steps run at once: what is paid first, then the highest bid; who waits long gets every second turn. */
import TinyQueue from 'tinyqueue'
import type { Millis } from '../core/identifiers.js'

/** What a step offers for its turn. */
export interface Turn {
  /** The job is paid for. */
  readonly urgent: boolean
  /** Millisatoshi; none counts as 0. Says nothing of urgent turns, which are served in their order. */
  readonly bid: number
  /** Whether the job may lose its place in favour of a higher bid: it has cost nobody anything yet. */
  readonly mayGiveWay: boolean
}

export interface Slots {
  /** Resolves with the function that gives the slot back; with null where the job has given way. */
  take(turn: Turn): Promise<(() => void) | null>
  /** The lowest bid that waits and may give way does so, if it is lower than this one. Of equal ones the latest. */
  displace(bid: number): boolean
}

interface Waiting extends Turn {
  readonly number: number
  readonly since: Millis
  readonly settle: (isGiven: boolean) => void
  /** No longer waits: it was served or has given way. Its other queue drops it when it comes up. */
  left: boolean
}

/** One in this many is kept for what is paid: slow calls that anybody may cause for nothing must not hold it up. */
const KEPT_SHARE = 4
/** Who has waited for so long is served in every second turn, whatever others bid: no job starves. */
const PATIENCE_MS = 15_000
const MOST_STALE = 1_000

const byBid = (a: Waiting, b: Waiting): number => b.bid - a.bid || a.number - b.number

export function createSlots(limit: number, now: () => Millis): Slots {
  const limitOfUnpaid = limit - Math.floor(limit / KEPT_SHARE)
  const urgentLine: Waiting[] = []
  /** The same unpaid jobs twice: by what they bid, and by when they came. */
  let bids = new TinyQueue<Waiting>([], byBid)
  let line: Waiting[] = []
  let served = 0
  /** How many in `bids` have left. */
  let stale = 0
  let number = 0
  let taken = 0
  let takenByUnpaid = 0
  let wasPatient = false

  const hasRoom = (urgent: boolean): boolean => taken < limit && (urgent || takenByUnpaid < limitOfUnpaid)
  const count = (urgent: boolean, step: 1 | -1): void => {
    taken += step
    if (!urgent) takenByUnpaid += step
  }

  function oldest(): Waiting | undefined {
    while (line[served]?.left) served += 1
    if (served > 1_000) {
      line = line.slice(served)
      served = 0
    }
    return line[served]
  }

  function highest(): Waiting | undefined {
    while (bids.peek()?.left) {
      bids.pop()
      stale -= 1
    }
    if (bids.length === 0) line = [] // all of it has left
    if (line.length === 0) served = 0
    return bids.peek()
  }

  /** Those who left from the middle are not kept behind those who wait on. */
  function forget(): void {
    stale += 1
    if (stale <= MOST_STALE || stale * 2 <= bids.length) return
    bids = new TinyQueue(
      bids.data.filter(({ left }) => !left),
      byBid,
    )
    stale = 0
  }

  function nextUnpaid(): Waiting | undefined {
    const dearest = highest()
    const eldest = oldest()
    const isPatient = !wasPatient && eldest !== undefined && now() - eldest.since >= PATIENCE_MS
    wasPatient = isPatient
    if (!isPatient || eldest === dearest) return bids.pop()
    eldest.left = true
    forget()
    return eldest
  }

  function give(urgent: boolean): void {
    count(urgent, -1)
    const nextIsUrgent = urgentLine.length > 0
    if (!hasRoom(nextIsUrgent)) return
    const next = nextIsUrgent ? urgentLine.shift() : nextUnpaid()
    if (!next) return
    next.left = true
    count(nextIsUrgent, 1)
    next.settle(true)
  }

  function wait(turn: Turn): Promise<boolean> {
    return new Promise((settle) => {
      const waiting = { ...turn, number: (number += 1), since: now(), settle, left: false }
      if (turn.urgent) return void urgentLine.push(waiting)
      bids.push(waiting)
      line.push(waiting)
    })
  }

  return {
    async take(turn) {
      const { urgent } = turn
      if (hasRoom(urgent)) count(urgent, 1)
      else if (!(await wait(turn))) return null
      let given = false
      return () => {
        if (given) return
        given = true
        give(urgent)
      }
    },
    displace(bid) {
      let lowest: Waiting | undefined
      for (const waiting of bids.data) {
        if (waiting.mayGiveWay && !waiting.left && (!lowest || byBid(waiting, lowest) > 0)) lowest = waiting
      }
      if (!lowest || lowest.bid >= bid) return false
      lowest.left = true
      forget()
      lowest.settle(false)
      return true
    },
  }
}

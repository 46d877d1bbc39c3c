/** What becomes of one kill? A scene, a daemon that dies at one point and is started again, and the verdict when all is still. */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { askDaemon } from '../../../src/cli/control-client.js'
import { isSettledDelivery } from '../../../src/core/delivery.js'
import { isOpen } from '../../../src/core/job.js'
import { readStore } from '../../../src/stores/read-store.js'
import { startDaemonProcess, type DaemonProcess, type Point } from './daemon-process.js'
import type { Row } from './rows.js'
import { setScene, type Scene } from './scene.js'
import { judgePurchase, type PurchaseVerdict } from './purchase-verdict.js'
import { UPSTREAM_EXPIRY_S } from './purchase-rows.js'
import { answersOf, judge, type Verdict } from './verdict.js'

const PATIENCE_MS = 40_000
/** How long after the end of the job its point may still be reached: cursors are saved once a second. */
const LATE_POINTS_MS = 1_500
const LOOK_MS = 20

/** Of a payment that was never sent: its invoice, the grace after it, and a little more have passed. */
const GIVEN_UP_MS = UPSTREAM_EXPIRY_S * 1_000 + 12 * 60_000

export interface Trial
  extends Verdict, Partial<Pick<PurchaseVerdict, 'doublePayment' | 'unsettledHold' | 'falseFailure'>> {
  readonly kills: number
  /** The last words of the daemon, where something is wrong. */
  readonly log: string
}

export async function tryPoint(entry: string, row: Row, point: Point): Promise<Trial> {
  const scene = await setScene(row)
  try {
    const { configFile, logFile } = scene
    const daemon = startDaemonProcess({ entry, configFile, logFile, point })
    const ended = await untilStill(scene, daemon, () => daemon.kills() > 0)
    await daemon.stop()
    const verdict = await judgeScene(scene)
    const complaints = [...verdict.complaints, ended, daemon.failure()].filter((complaint) => complaint !== null)
    const log = complaints.length > 0 ? await lastWords(scene) : ''
    const ending = complaints.length > 0 ? 'lost' : verdict.ending
    return { ...verdict, ending, complaints, kills: daemon.kills(), log }
  } finally {
    await scene.stop()
  }
}

async function judgeScene(scene: Scene): Promise<Verdict | PurchaseVerdict> {
  const store = await readStore(scene.stateDirectory)
  return scene.purse ? judgePurchase(scene, scene.purse, store) : judge(scene, store)
}

/** The points that a job of this row passes undisturbed, in their order; each name as often as it was reached. */
export async function recordPoints(entry: string, row: Row): Promise<string[]> {
  const scene = await setScene(row)
  try {
    const daemon = startDaemonProcess({ entry, ...scene })
    const ended = await untilStill(scene, daemon, () => false)
    const recorded = (await readFile(scene.recordFile, 'utf8')).trim().split('\n')
    await daemon.stop()
    const { complaints } = await judgeScene(scene)
    if (ended !== null || complaints.length > 0) {
      throw new Error(`${row.name}, undisturbed: ${[ended, ...complaints].join('; ')}\n${await lastWords(scene)}`)
    }
    return recorded
  } finally {
    await scene.stop()
  }
}

/**
 * Until the job is closed, its answers are delivered and the daemon listens again. Where the point was not reached by then it
 * has a little longer. Null, or why the wait was given up.
 */
async function untilStill(scene: Scene, daemon: DaemonProcess, isHit: () => boolean): Promise<string | null> {
  const latest = Date.now() + PATIENCE_MS
  let closedAt: number | null = null
  let hasSkipped = false
  for (;;) {
    const failure = daemon.failure()
    if (failure !== null) return failure
    if (Date.now() > latest) return `nothing more happened for ${PATIENCE_MS / 1000} s`
    if (!hasSkipped && (await isNeverSent(scene))) {
      hasSkipped = true
      await daemon.skip(GIVEN_UP_MS)
    }
    const closed = isAnswered(scene) && (await isClosed(scene)) && (await isListening(scene))
    closedAt = closed ? (closedAt ?? Date.now()) : null
    if (closedAt !== null && (isHit() || Date.now() - closedAt > LATE_POINTS_MS)) return null
    await pause(LOOK_MS)
  }
}

/** The daemon looks for a payment of which its wallet has never heard, and rightly waits for its invoice to expire. */
async function isNeverSent({ purse, stateDirectory, customer }: Scene): Promise<boolean> {
  if (!purse) return false
  const job = (await readStore(stateDirectory).catch(() => null))?.get(customer.jobId)
  if (job?.state === 'tracking') {
    return job.spending.notFoundSince !== null && !purse.outgoing(job.offer.purchase.paymentHash)
  }
  const refund = job?.state === 'refunding' ? job.refund : null
  return refund?.spending?.notFoundSince != null && !purse.outgoing(refund.paymentHash ?? '')
}

function isAnswered(scene: Scene): boolean {
  const { results, errors } = answersOf(scene)
  return results.length + errors.length > 0
}

async function isClosed({ stateDirectory, customer }: Scene): Promise<boolean> {
  const store = await readStore(stateDirectory).catch(() => null)
  if (!store) return false
  const job = store.get(customer.jobId)
  if (!job) return (await store.findArchived(customer.jobId)) !== undefined
  return !isOpen(job) && (job.state === 'failed' || job.outbox.every(isSettledDelivery))
}

async function isListening({ stateDirectory }: Scene): Promise<boolean> {
  const status = await askDaemon(stateDirectory, 'GET', '/status').catch(() => null)
  return (status as { ready?: boolean } | null)?.ready === true
}

const lastWords = async ({ logFile }: Scene): Promise<string> =>
  (await readFile(logFile, 'utf8').catch(() => '')).trim().split('\n').slice(-25).join('\n')

/** Which process may write this state directory? One: whoever holds the lease file with the highest number. */
import { link, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { TollbridgeError } from '../core/errors.js'
import { prepareDirectory } from './directory.js'
import { errorCode } from './disk.js'
import { identifyMyself, isRunning, type ProcessIdentity } from './process-identity.js'

export interface Lease {
  /** False once the file is gone or somebody else's is higher: the directory was removed or replaced, or the lease taken away by hand. */
  isHeld(): Promise<boolean>
  /** Idempotent. Call it when the store is closed. */
  release(): Promise<void>
}

/** The content of a lease file; `released` marks one that nobody holds any more. */
interface LeaseFile extends ProcessIdentity {
  readonly run: string
  /** By a command that is done in a moment. */
  readonly briefly?: true
  readonly released?: true
}

export interface LeaseRequest {
  /** Names the taker's run. */
  readonly run: string
  /** Held for moments only: others wait for it instead of giving up. */
  readonly briefly?: boolean
}

const LEASE = /^lease-([1-9][0-9]{0,14})\.json$/
const leaseName = (number: number): string => `lease-${number}.json`
const CONTROL_SOCKET = 'control.sock'
const SOCKET_TIMEOUT_MS = 1_000
/** How often, and how many times, a lease that is held briefly is looked at again: 30 seconds. */
const LOOK_AGAIN_MS = 100
const LOOKS = 300

/**
 * Takes the lease, also from a holder that was killed. A daemon that starts while a command holds it waits: a service manager does
 * not start it again after `lease-held`.
 *
 * Nobody ever removes or overwrites a lease that counts. A taker writes the next number, which the file system grants to one of
 * those who race for it, and then looks whether a higher one appeared meanwhile. Releasing writes the next number, too, so that
 * the highest number never falls and a slow taker always finds that it was overtaken.
 *
 * @throws TollbridgeError `lease-held` where another process holds it, naming its pid.
 */
export async function acquireLease(stateDir: string, { run, briefly = false }: LeaseRequest): Promise<Lease> {
  await prepareDirectory(stateDir)
  const mine: LeaseFile = { ...(await identifyMyself()), run, ...(briefly && { briefly }) }
  for (let looks = 0; ;) {
    const highest = Math.max(0, ...(await leasesIn(stateDir)))
    const holder = highest > 0 ? await readLease(stateDir, highest) : null
    if (holder === 'gone') continue // overtaken while we looked
    // Pids mean nothing across containers; a daemon that answers does.
    if (await answersControl(stateDir)) throw held(stateDir, holder)
    if (holder && !holder.released && (await isRunning(holder))) {
      if (!holder.briefly || ++looks > LOOKS) throw held(stateDir, holder)
      await pause(LOOK_AGAIN_MS)
      continue
    }

    const number = highest + 1
    if (!(await publish(stateDir, number, mine))) continue
    const others = (await leasesIn(stateDir)).filter((other) => other !== number)
    if (others.some((other) => other > number)) {
      await rm(join(stateDir, leaseName(number)), { force: true })
      continue
    }
    for (const older of others) await rm(join(stateDir, leaseName(older)), { force: true })
    return { isHeld: () => isHeld(stateDir, number, run), release: once(() => release(stateDir, number, mine)) }
  }
}

async function isHeld(stateDir: string, number: number, run: string): Promise<boolean> {
  if (Math.max(0, ...(await leasesIn(stateDir))) !== number) return false
  const lease = await readLease(stateDir, number)
  return lease !== null && lease !== 'gone' && lease.run === run
}

async function release(stateDir: string, number: number, mine: LeaseFile): Promise<void> {
  if (!(await isHeld(stateDir, number, mine.run))) return // whoever has the directory now is not to be disturbed
  await publish(stateDir, number + 1, { ...mine, released: true })
  await rm(join(stateDir, leaseName(number)), { force: true })
}

const once = (run: () => Promise<void>): (() => Promise<void>) => {
  let done: Promise<void> | null = null
  return () => (done ??= run())
}

async function leasesIn(stateDir: string): Promise<number[]> {
  const names = await readdir(stateDir)
  return names.map((name) => Number(LEASE.exec(name)?.[1] ?? 0)).filter((number) => number > 0)
}

/** Null where it cannot be read: a power cut came between its name and its content, so its holder is gone. */
async function readLease(stateDir: string, number: number): Promise<LeaseFile | 'gone' | null> {
  try {
    const lease = JSON.parse(await readFile(join(stateDir, leaseName(number)), 'utf8')) as LeaseFile | null
    return lease && Number.isSafeInteger(lease.pid) && lease.pid > 0 ? lease : null
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'gone'
    if (error instanceof SyntaxError) return null
    throw error
  }
}

let attempts = 0

/** The file appears with its whole content, for one of those who try. False for all the others. */
async function publish(stateDir: string, number: number, lease: LeaseFile): Promise<boolean> {
  const temporary = join(stateDir, `lease.${lease.run}.${attempts++}.tmp`)
  await writeFile(temporary, `${JSON.stringify(lease)}\n`, { mode: 0o600 })
  try {
    await link(temporary, join(stateDir, leaseName(number)))
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(temporary, { force: true })
  }
}

function held(stateDir: string, holder: LeaseFile | null): TollbridgeError {
  const who =
    holder && !holder.released ? `the process with pid ${holder.pid}` : 'a daemon that answers on its control socket'
  return new TollbridgeError(
    'lease-held',
    `${stateDir} is in use by ${who}; two daemons cannot share a state directory`,
  )
}

/** Whether anybody listens. Where we cannot tell (no permission, no answer in time), somebody does. */
function answersControl(stateDir: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(join(stateDir, CONTROL_SOCKET))
    const end = (listening: boolean): void => {
      socket.destroy()
      resolve(listening)
    }
    socket.setTimeout(SOCKET_TIMEOUT_MS, () => end(true))
    socket.once('connect', () => end(true))
    socket.once('error', (error) => end(['EACCES', 'EPERM', 'EAGAIN'].includes(errorCode(error) ?? '')))
  })
}

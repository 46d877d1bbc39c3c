/** What does one measurement run in? Relays, till and daemon in processes of their own, and the crowd in this one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from './child.js'
import { gatherCrowd, type Crowd } from './crowd.js'
import { preparePlace, spawnDaemon, type DaemonOptions, type Place, type RunningDaemon } from './daemon.js'
import type { TillHello, TillMessage } from './till-main.js'

export interface World {
  readonly place: Place
  readonly relayUrls: readonly string[]
  readonly crowd: Crowd
  readonly pay: (bolt11: string) => void
  /** Called with each payment: when the wallet's process marked it settled, on the shared clock. */
  onPaid(listener: (bolt11: string, at: number) => void): void
  /** Requests that the wallet has served, and polls that the status endpoint has answered. */
  count(): Promise<{ walletRequests: number; polls: number }>
  stop(): Promise<void>
}

export interface WorldOptions {
  readonly settledBy: 'statusEndpoint' | 'wallet'
  readonly relays?: number
}

export async function buildWorld({ settledBy, relays = 1 }: WorldOptions): Promise<World> {
  const relayProcess = await startChild<{ urls: string[] }>('./relays-main.js', [String(relays)])
  const relayUrls = relayProcess.hello.urls
  const till = await startChild<TillHello>('./till-main.js', [relayUrls[0] ?? ''])
  const { origin, uri } = till.hello
  const place = await preparePlace({ readRelays: relayUrls, origin, walletUri: uri, settledBy })
  const crowd = await gatherCrowd(relayUrls, place.pubkey)
  let paid: (bolt11: string, at: number) => void = () => undefined
  let counted: (counts: { walletRequests: number; polls: number }) => void = () => undefined
  till.onMessage((message) => {
    const said = message as TillMessage
    if ('paid' in said) paid(said.paid, said.settledAt)
    else counted(said)
  })
  return {
    place,
    relayUrls,
    crowd,
    pay: (bolt11) => till.send({ pay: [bolt11] }),
    onPaid: (listener) => void (paid = listener),
    count: () =>
      new Promise((resolve) => {
        counted = resolve
        till.send({ count: true })
      }),
    async stop() {
      crowd.stop()
      await till.kill('SIGKILL')
      await relayProcess.kill('SIGKILL')
      await place.remove()
    },
  }
}

/** Starts the daemon and waits until it serves. */
export async function startDaemon(world: World, options: DaemonOptions = {}): Promise<RunningDaemon> {
  const daemon = spawnDaemon(world.place, options)
  await until(async () => {
    const status = await daemon.status()
    return status?.ready === true && status.wallets.every(({ usable }) => usable)
  })
  return daemon
}

/** Looks every few milliseconds. @throws where it does not come true within two minutes. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 120_000
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error('the daemon did not come to the state that was waited for')
    await sleep(10)
  }
}

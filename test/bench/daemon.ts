/** How does the bench run the daemon? As an operator would, from a configuration file, in a process of its own. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { Pubkey } from '../../src/core/identifiers.js'
import { controlSocketPath } from '../../src/engine/control.js'
import type { DaemonStatus } from '../../src/engine/status.js'
import { pubkeyOf } from '../../src/nostr/event.js'
import { killChild } from './child.js'
import { cpuMsOf, rssOf } from './meter.js'

const ROOT = resolve(import.meta.dirname, '../../..')
const SECRET_KEY = 'a1'.repeat(32)
const UNLIMITED = 100_000

export interface Place {
  readonly pubkey: Pubkey
  readonly configFile: string
  readonly stateDirectory: string
  remove(): Promise<void>
}

export interface PlaceOptions {
  readonly readRelays: readonly string[]
  readonly origin: string
  /** How payments are seen. */
  readonly settledBy: 'statusEndpoint' | 'wallet' | 'hold'
  readonly walletUri: string
}

/** Writes key, wallet and configuration into a directory of its own. What is not said here is the default. */
export async function preparePlace(options: PlaceOptions): Promise<Place> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-'))
  const byWallet = options.settledBy !== 'statusEndpoint'
  const ofWallet =
    options.settledBy === 'hold'
      ? { mode: 'wrap', wallet: 'till', wrap: { maxHolds: 480 } }
      : { merchantWallet: 'till', statusEndpoint: 'off' }
  const config = {
    key: { file: './key' },
    network: 'regtest',
    relays: { read: options.readRelays, write: options.readRelays.slice(0, 1) },
    ...(byWallet ? { wallets: { till: { type: 'nwc', uri: { file: './till.nwc' } } } } : {}),
    upstreams: [
      {
        name: 'api',
        origin: options.origin,
        ...(byWallet ? ofWallet : {}),
        exactPrice: 'off', // the invoice of the 402 is for one call already
        routes: [{ path: '/bytes/*' }, { path: '/free/**' }].map((route) => ({ ...route, maxSats: 1000 })),
      },
    ],
    jobs: {
      maxAgeSeconds: 3600,
      maxUnpaidPerCustomer: UNLIMITED,
      maxOpenPerCustomer: UNLIMITED,
      maxOpen: UNLIMITED,
    },
    settlement: { statusRequestsPerSecond: 1000 },
  }
  await mkdir(join(directory, 'state'), { mode: 0o700 })
  await writeFile(join(directory, 'key'), SECRET_KEY, { mode: 0o600 })
  await writeFile(join(directory, 'till.nwc'), options.walletUri, { mode: 0o600 })
  await writeFile(join(directory, 'tollbridge.yaml'), stringify(config))
  return {
    pubkey: pubkeyOf(Buffer.from(SECRET_KEY, 'hex')),
    configFile: join(directory, 'tollbridge.yaml'),
    stateDirectory: join(directory, 'state'),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}

export interface RunningDaemon {
  cpuMs(): Promise<number>
  rss(): Promise<number>
  /** Null while it does not answer. */
  status(): Promise<DaemonStatus | null>
  collectGarbage(): Promise<void>
  kill(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface DaemonOptions {
  /** Able to collect its garbage on demand. */
  readonly collectable?: boolean
  /** Directory for a CPU profile, written when the daemon stops. */
  readonly profile?: string | undefined
}

/** Started, not yet ready. Its log, at the default level, goes to a file. */
export function spawnDaemon(place: Place, { collectable = false, profile }: DaemonOptions = {}): RunningDaemon {
  const entry = collectable ? join(import.meta.dirname, 'daemon-main.js') : join(ROOT, 'bin/tollbridge.js')
  const log = openSync(join(place.stateDirectory, '../log'), 'a')
  const child: ChildProcess = fork(entry, ['run', '-c', place.configFile], {
    stdio: ['ignore', log, log, 'ipc'],
    execArgv: [
      ...(collectable ? ['--expose-gc'] : []),
      ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
    ],
  })
  const pid = child.pid ?? 0
  return {
    cpuMs: () => cpuMsOf(pid),
    rss: () => rssOf(pid),
    status: () => askStatus(place.stateDirectory),
    async collectGarbage() {
      const collected = once(child, 'message')
      child.send('collect')
      await collected
    },
    async kill(signal) {
      if (signal === 'SIGTERM' && child.connected) child.disconnect()
      await killChild(child, signal)
    },
  }
}

function askStatus(stateDirectory: string): Promise<DaemonStatus | null> {
  return new Promise((resolve) => {
    const asking = request({ socketPath: controlSocketPath(stateDirectory), path: '/status' }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(JSON.parse(text) as DaemonStatus))
    })
    asking.on('error', () => resolve(null))
    asking.end()
  })
}

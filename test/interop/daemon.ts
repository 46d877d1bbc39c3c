/** How does a program of the interop suite run? Started, waited for, and ended with the suite. */
import { spawn, type ChildProcess } from 'node:child_process'
import { openSync, closeSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

export interface Daemon {
  /** Asks it to end, and waits; after a while it is made to. Idempotent. */
  stop(): Promise<void>
  readonly hasEnded: boolean
}

const PATIENCE_MS = 30_000

/** What it writes goes to a file. */
export function startDaemon(program: string, args: readonly string[], logFile: string): Daemon {
  const log = openSync(logFile, 'a')
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  let hasEnded = false
  const ended = once(child, 'exit').then(() => void (hasEnded = true))
  const kill = (): void => void child.kill('SIGKILL')
  process.on('exit', kill)
  return {
    get hasEnded() {
      return hasEnded
    },
    async stop() {
      if (!hasEnded) child.kill('SIGTERM')
      const timer = setTimeout(kill, PATIENCE_MS)
      await ended
      clearTimeout(timer)
      process.off('exit', kill)
    },
  }
}

/** Ports that nobody listens on right now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

/** Asks again until it is so. @throws where it is not in time, or `ask` still throws then. */
export async function until(what: string, ask: () => Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  const end = Date.now() + timeoutMs
  for (;;) {
    const done = await ask().catch((error: unknown) => {
      if (Date.now() > end) throw error
      return false
    })
    if (done) return
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

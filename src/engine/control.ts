/** How does the operator speak to a running daemon? HTTP over a Unix socket in the state directory that only its owner may open. */
import { chmod, unlink } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import type { EventId } from '../core/identifiers.js'
import type { Logger } from '../ports.js'

export const CONTROL_SOCKET = 'control.sock'

/** What the daemon does for a command. Results are sent as JSON; they hold no secrets. */
export interface ControlCommands {
  status(): object
  retry(jobId: EventId): Promise<object>
  /** Sends owed money back: to where the job says, or to another place. */
  refund(jobId: EventId, to: string | null): Promise<object>
  redeliver(jobId: EventId): Promise<object>
  announce(): Promise<object>
  retire(): Promise<object>
}

export interface Control {
  stop(): Promise<void>
}

/** Unix socket paths are at most 107 bytes. */
const MAX_SOCKET_PATH = 107

const MAX_SENT = 8_192

export function controlSocketPath(stateDirectory: string): string {
  const path = join(stateDirectory, CONTROL_SOCKET)
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return path
  throw new TollbridgeError(
    'config-invalid',
    `stateDirectory: the path is too long for a socket in it (${path.length} characters)`,
  )
}

/** Expects that the lease is held: a socket file that is there was left by a daemon that is gone. */
export async function startControl(stateDirectory: string, commands: ControlCommands, log: Logger): Promise<Control> {
  const path = controlSocketPath(stateDirectory)
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
  })
  const server = createServer((request, response) => {
    void answer(commands, request, response).catch((error: unknown) => {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'control request failed')
      response.destroy()
    })
  })
  server.requestTimeout = 5_000
  // The mask decides the mode at creation: between listen and chmod nobody else may open it. The directory is 0700 besides.
  // A socket file is made before `listen` returns, so that the mask concerns nothing else.
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const mask = process.umask(0o177)
    try {
      server.listen(path, resolve)
    } finally {
      process.umask(mask)
    }
  })
  await chmod(path, 0o600)
  return {
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(commands: ControlCommands, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const sent = await readSmall(request)
  const [status, body] = await perform(commands, `${request.method} ${request.url}`, sent)
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** What a command brings with it is a short text; of more than that, the rest is not read. */
async function readSmall(request: IncomingMessage): Promise<string> {
  let text = ''
  request.setEncoding('utf8')
  for await (const piece of request as AsyncIterable<string>) if (text.length < MAX_SENT) text += piece
  return text.slice(0, MAX_SENT)
}

async function perform(commands: ControlCommands, line: string, sent: string): Promise<[number, object]> {
  const [, jobId, order] = /^POST \/jobs\/([0-9a-f]{64})\/(retry|refund|redeliver)$/.exec(line) ?? []
  try {
    if (line === 'GET /status') return [200, commands.status()]
    if (order === 'retry') return [200, await commands.retry(jobId as EventId)]
    if (order === 'refund') return [200, await commands.refund(jobId as EventId, sent === '' ? null : sent)]
    if (order === 'redeliver') return [200, await commands.redeliver(jobId as EventId)]
    if (line === 'POST /announce') return [200, await commands.announce()]
    if (line === 'POST /retire') return [200, await commands.retire()]
    return [404, { error: 'usage', message: 'no such command' }]
  } catch (error) {
    if (error instanceof TollbridgeError) return [409, { error: error.code, message: error.message }]
    throw error
  }
}

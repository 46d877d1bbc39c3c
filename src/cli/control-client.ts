/** Is a daemon running, and what does it say? The commands' end of the control socket. */
import { request } from 'node:http'
import { controlSocketPath } from '../engine/control.js'
import { TollbridgeError, type FaultCode } from '../core/errors.js'

const TIMEOUT_MS = 60_000

/**
 * Sends one command to the daemon of a state directory; null when none is running.
 * @throws TollbridgeError with the daemon's own code where it refuses.
 */
export async function askDaemon(
  stateDirectory: string,
  method: 'GET' | 'POST',
  path: string,
  body = '',
): Promise<unknown> {
  const socketPath = controlSocketPath(stateDirectory)
  const answer = await new Promise<{ status: number; text: string } | null>((resolve, reject) => {
    const sent = request({ socketPath, method, path, timeout: TIMEOUT_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece: string) => (text += piece))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      response.on('error', reject)
    })
    sent.on('timeout', () => sent.destroy(new TollbridgeError('timeout', 'the daemon does not answer')))
    sent.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') resolve(null)
      else reject(error)
    })
    sent.end(body)
  })
  if (answer === null) return null
  const value: unknown = JSON.parse(answer.text)
  if (answer.status === 200) return value
  const { error, message } = value as { error: FaultCode; message: string }
  throw new TollbridgeError(error, message)
}

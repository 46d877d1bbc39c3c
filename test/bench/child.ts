/** How does the bench run the world beside it? Each part as a process of its own, spoken to over the channel that `fork` opens. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface Child<Hello> {
  readonly pid: number
  /** What it said first. */
  readonly hello: Hello
  send(message: object): void
  onMessage(listener: (message: unknown) => void): void
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Resolves with the first message of the process. @throws where it ends without one. */
export async function startChild<Hello>(file: string, args: readonly string[]): Promise<Child<Hello>> {
  const child = fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const hello = await Promise.race([
    once(child, 'message').then(([message]) => message as Hello),
    once(child, 'exit').then(() => Promise.reject(new Error(`${file} ended at its start`))),
  ])
  return {
    pid: child.pid ?? 0,
    hello,
    send: (message) => void child.send(message),
    onMessage: (listener) => void child.on('message', listener),
    kill: (signal) => killChild(child, signal),
  }
}

/** Resolves when the process is gone. */
export async function killChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill(signal)
  await gone
}

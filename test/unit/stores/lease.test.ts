/** Does exactly one process hold a state directory, and does the next one get it at once when that one dies? */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { acquireLease } from '../../../src/stores/lease.js'
import { identifyMyself, isRunning } from '../../../src/stores/process-identity.js'
import { compileSources, type Compiled } from '../../support/compiled.js'
import { afterwards, createStateDirectory } from '../../support/store-parts.js'

interface Said {
  readonly type: 'ready' | 'held' | 'refused'
  readonly pid?: number
  readonly code?: string
  readonly message?: string
}

const leaseFiles = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => name.startsWith('lease'))

describe('the lease', () => {
  let compiled: Compiled
  beforeAll(async () => {
    compiled = await compileSources([
      'src/core',
      'src/stores',
      'src/system',
      'src/ports.ts',
      'test/support/children/hold-lease.ts',
    ])
  })
  afterAll(() => compiled.remove())

  async function startChild(dir: string, run: string): Promise<ChildProcess> {
    const child = fork(join(compiled.directory, 'test/support/children/hold-lease.js'), [dir, run])
    afterwards(() => kill(child))
    await once(child, 'message')
    return child
  }
  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  async function tryFor(child: ChildProcess): Promise<Said> {
    const answer = once(child, 'message') as Promise<[Said]>
    child.send('try')
    return (await answer)[0]
  }

  it('is refused to a second process, naming the first', async () => {
    const dir = await createStateDirectory()
    const child = await startChild(dir, 'first')
    expect(await tryFor(child)).toMatchObject({ type: 'held' })
    const second = acquireLease(dir, { run: 'second' })
    await expect(second).rejects.toMatchObject({ code: 'lease-held' })
    await expect(second).rejects.toThrow(`pid ${child.pid}`)
  })

  it('is free at once when its holder was killed', async () => {
    const dir = await createStateDirectory()
    for (const run of ['first', 'second', 'third']) {
      const child = await startChild(dir, run)
      expect(await tryFor(child)).toMatchObject({ type: 'held' })
      await kill(child)
    }
    await (await acquireLease(dir, { run: 'last' })).release()
  })

  it(
    'goes to exactly one of eight processes that race for a stale one, again and again',
    { timeout: 60_000 },
    async () => {
      const dir = await createStateDirectory()
      const children = await Promise.all(Array.from({ length: 8 }, (_, index) => startChild(dir, `run ${index}`)))
      for (let round = 0; round < 6; round++) {
        const stale = { pid: 2 ** 22 + 1, started: '1', boot: null, run: 'gone' }
        const highest = Math.max(0, ...(await leaseFiles(dir)).map((name) => Number(/\d+/.exec(name)?.[0] ?? 0)))
        if (round > 0) await writeFile(join(dir, `lease-${highest + 1}.json`), JSON.stringify(stale), { mode: 0o600 })
        const said = await Promise.all(children.map(tryFor))
        expect(said.filter(({ type }) => type === 'held')).toHaveLength(1)
        expect(said.filter(({ code }) => code === 'lease-held')).toHaveLength(7)
        expect(await leaseFiles(dir)).toHaveLength(1)
      }
    },
  )

  it('goes from hand to hand when it is released', async () => {
    const dir = await createStateDirectory()
    for (const run of ['a', 'b', 'c']) {
      const lease = await acquireLease(dir, { run })
      await expect(acquireLease(dir, { run: 'other' })).rejects.toMatchObject({ code: 'lease-held' })
      await Promise.all([lease.release(), lease.release()])
    }
    const [file = '', ...others] = await leaseFiles(dir)
    expect(others).toEqual([])
    expect((await stat(join(dir, file))).mode & 0o777).toBe(0o600)
  })

  it('is waited for where a command holds it for a moment', async () => {
    const dir = await createStateDirectory()
    const command = await acquireLease(dir, { run: 'command', briefly: true })
    const daemon = acquireLease(dir, { run: 'daemon' })
    const first = await Promise.race([daemon.then(() => 'taken'), command.release().then(() => 'released')])
    expect(first).toBe('released')
    await (await daemon).release()
  })

  it('is lost with its file, also to whoever takes the directory next, who is not disturbed by its release', async () => {
    const dir = await createStateDirectory()
    const lease = await acquireLease(dir, { run: 'first' })
    expect(await lease.isHeld()).toBe(true)
    for (const name of await leaseFiles(dir)) await rm(join(dir, name))
    expect(await lease.isHeld()).toBe(false)
    const next = await acquireLease(dir, { run: 'next' })
    expect(await lease.isHeld()).toBe(false)
    await lease.release()
    expect(await next.isHeld()).toBe(true)
    await next.release()
  })

  it('is held while a daemon answers on the control socket, whatever the pid says', async () => {
    const dir = await createStateDirectory()
    const server = createServer((socket) => socket.destroy())
    server.listen(join(dir, 'control.sock'))
    await once(server, 'listening')
    await expect(acquireLease(dir, { run: 'other container' })).rejects.toMatchObject({ code: 'lease-held' })
    await new Promise((resolve) => server.close(resolve))
    await (await acquireLease(dir, { run: 'later' })).release()
  })

  it.each(['{"pid":', '', 'null', '7', '[]', '{"pid":"12"}'])(
    'is not held by a socket file that nobody listens on, or by a file that says %j',
    async (content) => {
      const dir = await createStateDirectory()
      await writeFile(join(dir, 'control.sock'), '')
      await writeFile(join(dir, 'lease-3.json'), content)
      const lease = await acquireLease(dir, { run: 'next' })
      expect(await leaseFiles(dir)).toEqual(['lease-4.json'])
      await lease.release()
    },
  )
})

describe('a process', () => {
  it('is running only with its own start time, on this boot', async () => {
    const me = await identifyMyself()
    expect(await isRunning(me)).toBe(true)
    expect(await isRunning({ ...me, started: me.started === null ? null : '1' })).toBe(me.started === null)
    expect(await isRunning({ ...me, boot: 'another boot' })).toBe(me.boot === null)
    expect(await isRunning({ pid: 2 ** 22 + 1, started: null, boot: null })).toBe(false)
  })
})

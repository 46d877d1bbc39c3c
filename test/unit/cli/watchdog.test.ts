/** Is the service manager told the truth, by its own program, and never of a network? */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createNotify, startWatchdog, watchdogPeriod } from '../../../src/cli/watchdog.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createReadableLog } from '../../support/pool-fixture.js'

describe('the notifier', () => {
  let directory: string
  let program: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tollbridge-watchdog-'))
    program = join(directory, 'notify')
    // Writes what it was told, and the names of what it was given.
    await writeFile(
      program,
      `#!/bin/sh\necho "$1 $NOTIFY_SOCKET $(env | cut -d= -f1 | sort | tr '\\n' ' ')" >> ${directory}/told\n`,
    )
    await chmod(program, 0o700)
  })
  afterEach(() => rm(directory, { recursive: true, force: true }))

  const told = async () => (await readFile(join(directory, 'told'), 'utf8').catch(() => '')).trim().split('\n')

  it('runs with the socket and the path, and with nothing else of the environment', async () => {
    const environment = { NOTIFY_SOCKET: '/run/notify', PATH: process.env.PATH, TOLLBRIDGE_KEY: 'a secret' }
    createNotify(environment, createReadableLog(), program)?.('READY=1')
    await vi.waitFor(async () => expect((await told())[0]).toMatch(/^READY=1 \/run\/notify /))
    expect((await told())[0]).not.toContain('TOLLBRIDGE_KEY')
  })

  it('is none where nobody waits for news', () => {
    expect(createNotify({ PATH: '/bin' }, createReadableLog(), program)).toBeNull()
  })

  it.each([
    ['is missing', '/nowhere/systemd-notify'],
    ['fails', '/bin/false'],
  ])('that %s is said in the log and hurts nobody', async (_what, bad) => {
    const log = createReadableLog()
    createNotify({ NOTIFY_SOCKET: '/run/notify' }, log, bad)?.('WATCHDOG=1')
    await vi.waitFor(() => expect(log.lines.map(({ event }) => event)).toEqual(['service manager not notified']))
  })
})

it.each([
  [{}, null],
  [{ WATCHDOG_USEC: '90000000' }, 90_000],
  [{ WATCHDOG_USEC: '90000000', WATCHDOG_PID: '7' }, 90_000],
  [{ WATCHDOG_USEC: '90000000', WATCHDOG_PID: '8' }, null],
  [{ WATCHDOG_USEC: 'soon' }, null],
  [{ WATCHDOG_USEC: '0' }, null],
])('the environment %j asks for news every %s ms', (environment, expected) => {
  expect(watchdogPeriod(environment, 7)).toBe(expected)
})

describe('the watchdog', () => {
  function start(feel: () => Promise<string | null>) {
    const clock = createFakeClock()
    const log = createReadableLog()
    const told: string[] = []
    const stop = startWatchdog({ notify: (state) => told.push(state), periodMs: 90_000, feel, clock, log })
    return { clock, log, told, stop }
  }

  it('says three times a period that all is well', async () => {
    const { clock, told } = start(async () => null)
    await clock.advance(90_000)
    expect(told).toEqual(['WATCHDOG=1', 'WATCHDOG=1', 'WATCHDOG=1'])
  })

  it('is silent while something is wrong, and speaks again when it is not', async () => {
    let wrong: string | null = 'the store does not write: Error'
    const { clock, log, told } = start(async () => wrong)
    await clock.advance(60_000)
    expect(told).toEqual([])
    expect(log.lines[0]).toMatchObject({ level: 'error', fields: { reason: wrong } })
    wrong = null
    await clock.advance(30_000)
    expect(told).toEqual(['WATCHDOG=1'])
  })

  it('is silent while a look hangs, and looks no second time meanwhile', async () => {
    const feel = vi.fn(() => new Promise<null>(() => undefined))
    const { clock, told } = start(feel)
    await clock.advance(300_000)
    expect(told).toEqual([])
    expect(feel).toHaveBeenCalledTimes(1)
  })

  it('is silent where its timer came late: the event loop was held up', async () => {
    const timers: (() => void)[] = []
    let now = 0
    const clock = { now: () => now, after: (_ms: number, run: () => void) => (timers.push(run), () => undefined) }
    const told: string[] = []
    const feel = async () => null
    startWatchdog({ notify: (state) => told.push(state), periodMs: 90_000, feel, clock, log: createReadableLog() })
    now = 36_000 // six seconds late
    timers.shift()?.()
    await Promise.resolve()
    expect(told).toEqual([])
    now = 66_000
    timers.shift()?.()
    await vi.waitFor(() => expect(told).toEqual(['WATCHDOG=1']))
  })

  it('ends when it is stopped', async () => {
    const { clock, told, stop } = start(async () => null)
    stop()
    await clock.advance(300_000)
    expect(told).toEqual([])
    expect(clock.timers()).toBe(0)
  })
})

/** Who may speak to a running daemon, and what is answered? */
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TollbridgeError } from '../../../src/core/errors.js'
import { controlSocketPath, startControl, type ControlCommands } from '../../../src/engine/control.js'
import { afterwards, createLogRecorder, createStateDirectory } from '../../support/store-parts.js'

const JOB = 'ab'.repeat(32)

async function startTestControl(changes: Partial<ControlCommands> = {}, directory?: string) {
  const dir = directory ?? (await createStateDirectory())
  const log = createLogRecorder()
  const commands: ControlCommands = {
    status: () => ({ ready: true }),
    retry: async (jobId) => ({ state: 'fetching', jobId }),
    refund: async (jobId, to) => ({ jobId, to }),
    redeliver: async (jobId) => ({ outcomes: [jobId] }),
    announce: async () => ({ outcomes: [] }),
    retire: async () => ({ outcomes: ['gone'] }),
    ...changes,
  }
  const control = await startControl(dir, commands, log)
  afterwards(() => control.stop())
  return { dir, log, control, path: join(dir, 'control.sock') }
}

const ask = (socketPath: string, method: string, path: string): Promise<{ status: number; body: unknown }> =>
  new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown }))
    })
    asked.on('error', reject).end()
  })

describe('the control socket', () => {
  it('may be opened by its owner only', async () => {
    const { path } = await startTestControl()
    expect(((await stat(path)).mode & 0o777).toString(8)).toBe('600')
  })

  it.each([
    ['GET', '/status', { ready: true }],
    ['POST', `/jobs/${JOB}/retry`, { state: 'fetching', jobId: JOB }],
    ['POST', `/jobs/${JOB}/redeliver`, { outcomes: [JOB] }],
    ['POST', '/announce', { outcomes: [] }],
    ['POST', '/retire', { outcomes: ['gone'] }],
  ])('performs %s %s', async (method, target, body) => {
    const { path } = await startTestControl()
    expect(await ask(path, method, target)).toEqual({ status: 200, body })
  })

  it.each([
    ['GET', '/'],
    ['POST', '/status'],
    ['GET', '/announce'],
    ['POST', '/jobs/abc/retry'],
    ['POST', `/jobs/${JOB.toUpperCase()}/retry`],
    ['POST', `/jobs/${JOB}/retry/more`],
    ['DELETE', `/jobs/${JOB}`],
  ])('knows no command %s %s', async (method, target) => {
    const { path } = await startTestControl()
    expect(await ask(path, method, target)).toEqual({
      status: 404,
      body: { error: 'usage', message: 'no such command' },
    })
  })

  it('says the code of a fault', async () => {
    const retry = () => Promise.reject(new TollbridgeError('job-not-retryable', 'the job is completed'))
    const { path } = await startTestControl({ retry })
    expect(await ask(path, 'POST', `/jobs/${JOB}/retry`)).toEqual({
      status: 409,
      body: { error: 'job-not-retryable', message: 'the job is completed' },
    })
  })

  it('outlives a command that breaks, and tells nobody why', async () => {
    const { path, log } = await startTestControl({ announce: () => Promise.reject(new Error('broken')) })
    await expect(ask(path, 'POST', '/announce')).rejects.toThrow()
    expect((await ask(path, 'GET', '/status')).status).toBe(200)
    expect(log.entries.map(({ event }) => event)).toEqual(['control request failed'])
  })

  it('takes the place of a socket that a daemon left behind, and leaves none itself', async () => {
    const dir = await createStateDirectory()
    await writeFile(join(dir, 'control.sock'), '')
    const { path, control } = await startTestControl({}, dir)
    expect((await ask(path, 'GET', '/status')).status).toBe(200)
    await control.stop()
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('stops although somebody is connected and a command runs', async () => {
    let begin = () => undefined as void
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const { path, control } = await startTestControl({
      announce: () => {
        begin()
        return new Promise(() => undefined)
      },
    })
    const asked = ask(path, 'POST', '/announce')
    asked.catch(() => undefined)
    await begun
    await control.stop()
    await expect(asked).rejects.toThrow()
  })

  it('says which setting makes its path too long', async () => {
    const dir = join(await createStateDirectory(), 'x'.repeat(100))
    await mkdir(dir)
    expect(() => controlSocketPath(dir)).toThrow(/stateDirectory/)
    await expect(startTestControl({}, dir)).rejects.toMatchObject({ code: 'config-invalid' })
  })
})

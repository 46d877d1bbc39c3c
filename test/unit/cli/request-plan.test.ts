/** Is a wrong command line refused before anything is signed, and a right one read as it was meant? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { planRequest, type RequestOptions } from '../../../src/cli/request-plan.js'

const PROVIDER = '7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e'
const ID = 'aa'.repeat(32)
const base: RequestOptions = { provider: PROVIDER, relay: ['wss://relay.example'], path: '/v1' }
const plan = (options: RequestOptions) => planRequest(options, '/home/state')

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-plan-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

describe('a request', () => {
  it('is a GET for 300 seconds on mainnet unless it says otherwise', async () => {
    expect(await plan(base)).toEqual({
      job: {
        type: 'new',
        provider: PROVIDER,
        relays: ['wss://relay.example/'],
        params: { method: 'GET', path: '/v1' },
        bidMsat: null,
        proof: false,
      },
      maxMsat: null,
      pay: false,
      proof: false,
      timeoutMs: 300_000,
      network: 'mainnet',
      stateDir: '/home/state/tollbridge/requests',
      keyFile: null,
      walletFile: null,
      outputFile: null,
      showCredential: false,
      allowPrivate: false,
    })
  })

  it.each<[string, Partial<RequestOptions>, object]>([
    ['with a body is a POST', { body: '{}' }, { method: 'POST', path: '/v1', body: '{}' }],
    ['with an empty body is a POST', { body: '' }, { method: 'POST', path: '/v1', body: '' }],
    ['with a method is that one', { method: 'put', body: 'x' }, { method: 'PUT', path: '/v1', body: 'x' }],
    ['may have its query in the path', { path: '/v1?a=1&b=?' }, { method: 'GET', path: '/v1', query: 'a=1&b=?' }],
    ['may have its query with a mark', { query: '?a=1' }, { method: 'GET', path: '/v1', query: 'a=1' }],
    [
      'carries types',
      { accept: 'text/plain', contentType: 'application/json' },
      { method: 'GET', path: '/v1', accept: 'text/plain', 'content-type': 'application/json' },
    ],
  ])('%s', async (_, options, params) => {
    expect((await plan({ ...base, ...options })).job).toMatchObject({ params })
  })

  it('reads its body from a file', async () => {
    const bodyFile = join(directory, 'body')
    await writeFile(bodyFile, 'grüße')
    expect((await plan({ ...base, bodyFile })).job).toMatchObject({ params: { body: 'grüße' } })
  })

  it('counts sats into millisatoshi', async () => {
    const read = await plan({ ...base, bidSats: '21', maxSats: '50', pay: true })
    expect(read).toMatchObject({ job: { bidMsat: 21_000 }, maxMsat: 50_000 })
  })

  it('takes up a saved job with its id alone', async () => {
    const read = await plan({ job: ID, pay: true })
    expect(read.job).toEqual({ type: 'saved', id: ID, relays: [], provider: null })
  })
})

describe('a usage error is', () => {
  it.each<[string, RequestOptions]>([
    ['no provider', { ...base, provider: undefined as never }],
    ['a provider that is none', { ...base, provider: 'bob' }],
    ['no relay', { ...base, relay: [] }],
    ['a relay that is none', { ...base, relay: ['https://relay.example'] }],
    ['no path', { provider: PROVIDER, relay: ['wss://relay.example'] }],
    ['a relative path', { ...base, path: 'v1' }],
    ['two queries', { ...base, path: '/v1?a=1', query: 'b=2' }],
    ['two bodies', { ...base, body: 'x', bodyFile: '/tmp/x' }],
    ['a body file that is not there', { ...base, bodyFile: '/nowhere/x' }],
    ['a method that is no word', { ...base, method: 'GET /' }],
    ['a bid of zero', { ...base, bidSats: '0' }],
    ['a bid that is no whole number', { ...base, bidSats: '1.5' }],
    ['a maximum with a unit', { ...base, maxSats: '10k' }],
    ['paying without a limit', { ...base, pay: true }],
    ['an unknown network', { ...base, network: 'bitcoin' }],
    ['no time', { ...base, timeout: '0' }],
    ['too much time', { ...base, timeout: '9999999' }],
    ['a job id that is none', { job: 'abc' }],
    ['another request for a saved job', { job: ID, path: '/v2' }],
    ['another bid for a saved job', { job: ID, bidSats: '5' }],
  ])('%s', async (_, options) => {
    await expect(plan(options)).rejects.toMatchObject({ code: 'usage' })
  })

  it('a body that is not text', async () => {
    const bodyFile = join(directory, 'body')
    await writeFile(bodyFile, Buffer.from([0xff, 0xfe]))
    await expect(plan({ ...base, bodyFile })).rejects.toMatchObject({ code: 'usage' })
  })
})

/** What call does a job of kind 5800 ask for, and what becomes of the answer? */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import handler from '../../../handlers/http.js'
import { isCustomerErrorCode, isRejection } from '../../../src/core/errors.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { JobRequest } from '../../../src/core/job-request.js'
import { parseJobRequest } from '../../../src/nostr/kinds/job-request.js'
import type { JobHandler } from '../../../src/ports.js'
import { signAs } from '../../support/sign-jobs.js'

function requestOf(params: Record<string, string>, tags: string[][] = [], kind = 5800): JobRequest {
  const all = [...Object.entries(params).map(([name, value]) => ['param', name, value]), ...tags]
  const request = parseJobRequest(signAs(1, { kind, tags: all }))
  if (isMalformed(request)) throw new Error(request.malformed)
  return request
}
const GET = { method: 'GET', path: '/joke' }

describe('the HTTP handler', () => {
  it.each([
    ['a plain GET', GET, { method: 'GET', path: '/joke', query: '', headers: {}, body: null }],
    ['a method in lower case', { ...GET, method: 'post' }, { method: 'POST' }],
    ['a query', { ...GET, query: 'a=1' }, { query: 'a=1' }],
    ['a query with its mark', { ...GET, query: '?a=1' }, { query: 'a=1' }],
    ['a query in the path', { ...GET, path: '/joke?a=1' }, { path: '/joke', query: 'a=1' }],
    ['a query in both', { ...GET, path: '/joke?a=1', query: 'b=2' }, { path: '/joke', query: 'a=1&b=2' }],
    ['a question in a query', { ...GET, path: '/joke?a=b?c' }, { path: '/joke', query: 'a=b?c' }],
    ['a body', { ...GET, body: '{}' }, { body: '{}', headers: { 'content-type': 'application/json' } }],
    ['an empty body', { ...GET, body: '' }, { body: '', headers: { 'content-type': 'application/json' } }],
    [
      'a body of another type',
      { ...GET, body: 'x', 'content-type': 'text/plain' },
      { headers: { 'content-type': 'text/plain' } },
    ],
    ['what is accepted', { ...GET, accept: 'text/*' }, { headers: { accept: 'text/*' } }],
  ])('reads %s', (_, params, expected) => {
    expect(handler.toRequest(requestOf(params as Record<string, string>))).toMatchObject(expected)
  })

  it('reads the output tag as what is accepted, unless a param says otherwise', () => {
    const output = [['output', 'image/png']]
    expect(handler.toRequest(requestOf(GET, output))).toMatchObject({ headers: { accept: 'image/png' } })
    expect(handler.toRequest(requestOf({ ...GET, accept: 'a/b' }, output))).toMatchObject({
      headers: { accept: 'a/b' },
    })
  })

  it('takes a text for the body where its marker says so, or where it is the only input of a method with a body', () => {
    const plain = { body: 'hi', headers: { 'content-type': 'text/plain; charset=utf-8' } }
    expect(handler.toRequest(requestOf({ ...GET, method: 'PUT' }, [['i', 'hi', 'text']]))).toMatchObject(plain)
    expect(handler.toRequest(requestOf(GET, [['i', 'hi', 'text', '', 'body']]))).toMatchObject(plain)
    expect(handler.toRequest(requestOf(GET, [['i', 'hi', 'text']]))).toMatchObject({ body: null })
    expect(handler.toRequest(requestOf({ ...GET, method: 'PUT', body: 'x' }, [['i', 'hi']]))).toMatchObject({
      body: 'x',
    })
    const typed = requestOf({ ...GET, 'content-type': 'text/csv' }, [['i', 'a,b', 'text', '', 'body']])
    expect(handler.toRequest(typed)).toMatchObject({ headers: { 'content-type': 'text/csv' } })
  })

  it('sends bytes as bytes, and puts none into a query', () => {
    const value = { content: 'iVD/', encoding: 'base64', contentType: null } as const
    const withValue = (marker: string) => {
      const request = requestOf({ ...GET, method: 'POST' }, [['i', 'https://example.com/', 'url', '', marker]])
      return { ...request, inputs: request.inputs.map((input) => ({ ...input, value })) }
    }
    expect(handler.toRequest(withValue('body'))).toMatchObject({
      ...{ body: 'iVD/', bodyEncoding: 'base64', headers: { 'content-type': 'application/octet-stream' } },
    })
    expect(handler.toRequest(withValue('query:q'))).toMatchObject({ rejected: 'invalid-request' })
  })

  it.each([
    ['without a method', { path: '/joke' }],
    ['without a path', { method: 'GET' }],
    ['with nothing', {}],
    ['with a method of two words', { ...GET, method: 'GET /' }],
    ['with an empty method', { ...GET, method: '' }],
    ['with a line break in a header', { ...GET, accept: 'a/b\r\nHost: evil' }],
    ['with a header that is not ASCII', { ...GET, accept: 'ä/b' }],
    ['with an endless header', { ...GET, 'content-type': 'x'.repeat(257) }],
  ])('never reads a job %s as a call', (_, params) => {
    expect(handler.toRequest(requestOf(params as Record<string, string>))).toMatchObject({
      rejected: 'invalid-request',
    })
  })

  it.each([
    ['text', Buffer.from('Grüße 🌍'), 'text', 'Grüße 🌍'],
    ['a byte order mark', Buffer.from('\ufeffx'), 'text', '\ufeffx'],
    ['nothing', Buffer.alloc(0), 'text', ''],
    ['bytes that are no text', Buffer.from([0xff, 0xfe]), 'base64', '//4='],
    ['text that was cut in a letter', Buffer.from('ü').subarray(0, 1), 'base64', 'ww=='],
  ] as const)('passes on %s byte for byte', (_, body, encoding, content) => {
    const output = handler.toOutput({ status: 201, contentType: 'a/b', body }, requestOf(GET))
    expect(output).toEqual({ content, encoding, contentType: 'a/b', httpStatus: 201 })
    const bytes = Buffer.from(output.content, encoding === 'text' ? 'utf8' : 'base64')
    expect(bytes.equals(body)).toBe(true)
  })
})

describe('the handler that handlers/README.md shows', () => {
  async function loadExample(): Promise<JobHandler> {
    const page = await readFile(resolve(import.meta.dirname, '../../../handlers/README.md'), 'utf8')
    const [, code] = /```js example=handler\n([\s\S]*?)```/.exec(page) ?? []
    if (!code) throw new Error('handlers/README.md has no example')
    const directory = await mkdtemp(join(tmpdir(), 'tollbridge-handler-'))
    const file = join(directory, 'complete.mjs')
    await writeFile(file, code)
    const module = (await import(pathToFileURL(file).href)) as { default: JobHandler }
    await rm(directory, { recursive: true })
    return module.default
  }

  it('runs as printed', async () => {
    const example = await loadExample()
    const job = requestOf({ max_tokens: '8' }, [['i', 'Say hello', 'text']], 5050)
    expect(example.kinds).toEqual([5050])
    expect(example.toRequest(job)).toEqual({
      ...{ method: 'POST', path: '/v1/complete', query: '', headers: { 'content-type': 'application/json' } },
      body: JSON.stringify({ prompt: 'Say hello', maxTokens: 8 }),
    })
    const body = Buffer.from('{"text":"hello"}')
    expect(example.toOutput({ status: 200, contentType: 'application/json', body }, job)).toEqual({
      ...{ content: 'hello', encoding: 'text', contentType: 'text/plain', httpStatus: 200 },
    })
  })

  it('refuses with a documented code', async () => {
    const refusal = (await loadExample()).toRequest(requestOf({}, [], 5050))
    expect(isRejection(refusal) && isCustomerErrorCode(refusal.rejected)).toBe(true)
  })
})

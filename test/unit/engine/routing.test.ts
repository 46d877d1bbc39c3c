/** Is a job bound to the one route that allows it, and to no other? */
import { describe, expect, it } from 'vitest'
import httpHandler from '../../../handlers/http.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { JobRequest } from '../../../src/core/job-request.js'
import type { Upstream } from '../../../src/core/route.js'
import { routeJob } from '../../../src/engine/routing.js'
import { compileRoute } from '../../../src/l402/path.js'
import { parseJobRequest } from '../../../src/nostr/kinds/job-request.js'
import { signJob } from '../../support/sign-jobs.js'
import { sampleRoute, sampleUpstream } from '../../support/step-world.js'

const route = (name: string, pattern: string, ...methods: string[]) => ({
  ...{ ...sampleRoute, name, pattern, methods: new Set(methods), matches: compileRoute(pattern) },
})
const UPSTREAMS: readonly Upstream[] = [
  {
    ...sampleUpstream,
    name: 'first',
    routes: [route('exact', '/v1/joke', 'GET'), route('all', '/v1/*', 'GET', 'POST')],
  },
  { ...sampleUpstream, name: 'second', maxRequestBytes: 10, routes: [route('rest', '/**', 'POST')] },
]

function requestOf(params: Record<string, string>): JobRequest {
  const request = parseJobRequest(
    signJob({ tags: Object.entries(params).map(([name, value]) => ['param', name, value]) }),
  )
  if (isMalformed(request)) throw new Error(request.malformed)
  return request
}
const bind = (params: Record<string, string>, handler = httpHandler) => routeJob(UPSTREAMS, requestOf(params), handler)

describe('routing', () => {
  it.each([
    ['the first that fits', { method: 'GET', path: '/v1/joke' }, 'first', 'exact', '/v1/joke'],
    ['a later one of the same upstream', { method: 'POST', path: '/v1/joke' }, 'first', 'all', '/v1/joke'],
    ['another upstream', { method: 'POST', path: '/v2/x' }, 'second', 'rest', '/v2/x'],
    ['the path in its one spelling', { method: 'GET', path: '/v1/%6aoke' }, 'first', 'exact', '/v1/joke'],
    ['path and query', { method: 'GET', path: '/v1/joke?a=1', query: 'b=2' }, 'first', 'exact', '/v1/joke?a=1&b=2'],
  ])('takes %s', (_, params, upstream, name, target) => {
    expect(bind(params as Record<string, string>)).toMatchObject({ upstream, route: name, target })
  })

  it.each([
    ['a method that nobody offers', { method: 'DELETE', path: '/v1/joke' }, 'method-not-allowed'],
    ['a path that nobody offers with it', { method: 'GET', path: '/v2/joke' }, 'path-not-allowed'],
    ['a path in disguise', { method: 'GET', path: '/v1/%2e%2e/v1/joke' }, 'path-not-allowed'],
    ['a path that is none', { method: 'GET', path: 'v1/joke' }, 'path-not-allowed'],
    ['a URL', { method: 'GET', path: 'https://elsewhere.test/v1/joke' }, 'path-not-allowed'],
    ['a path to another host', { method: 'GET', path: '//elsewhere.test/v1/joke' }, 'path-not-allowed'],
    ['a query with a line break', { method: 'GET', path: '/v1/joke', query: 'a=\r\nb' }, 'invalid-request'],
    ['a body over the limit of its upstream', { method: 'POST', path: '/v2/x', body: 'äöüäöü' }, 'body-too-large'],
    ['what the handler refuses', { path: '/v1/joke' }, 'invalid-request'],
  ])('refuses %s', (_, params, code) => {
    expect(bind(params as Record<string, string>)).toMatchObject({ rejected: code })
  })

  it.each(['content-type', 'Content-Type'])('refuses gRPC, however a handler spells %s', (name) => {
    const toRequest = () => ({
      method: 'POST',
      path: '/v2/x',
      query: '',
      headers: { [name]: 'Application/gRPC' },
      body: '',
    })
    expect(bind({}, { ...httpHandler, toRequest })).toMatchObject({ rejected: 'invalid-request' })
  })

  it('limits the body by the upstream that is called', () => {
    expect(bind({ method: 'POST', path: '/v1/x', body: 'äöüäöü' })).toMatchObject({ upstream: 'first' })
  })
})

/** Which route serves this request? The first whose method and path pattern fit; nothing else is ever called. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import type { UpstreamCall } from '../core/job.js'
import type { HandlerRequest, JobRequest } from '../core/job-request.js'
import type { Upstream } from '../core/route.js'
import { canonicalPath, canonicalQuery } from '../l402/path.js'
import type { JobHandler } from '../ports.js'

export function routeJob(
  upstreams: readonly Upstream[],
  request: JobRequest,
  handler: JobHandler,
): UpstreamCall | Rejection {
  const wanted = handler.toRequest(request)
  if (isRejection(wanted)) return wanted
  if (isGrpc(wanted)) {
    return rejection('invalid-request', 'gRPC hides its 402, so it cannot be served')
  }
  return bindRequest(upstreams, wanted)
}

/** Handlers are user code: they spell header names as they like. */
const isGrpc = ({ headers }: HandlerRequest): boolean =>
  Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === 'content-type' && /^application\/grpc/i.test(value),
  )

function bindRequest(upstreams: readonly Upstream[], wanted: HandlerRequest): UpstreamCall | Rejection {
  const offersMethod = upstreams.some(({ routes }) => routes.some(({ methods }) => methods.has(wanted.method)))
  if (!offersMethod) return rejection('method-not-allowed', wanted.method)
  const path = canonicalPath(wanted.path)
  if (isMalformed(path)) return rejection('path-not-allowed', path.malformed)
  const query = canonicalQuery(wanted.query)
  if (isMalformed(query)) return rejection('invalid-request', query.malformed)
  for (const upstream of upstreams) {
    const route = upstream.routes.find(({ methods, matches }) => methods.has(wanted.method) && matches(path))
    if (!route) continue
    if (Buffer.byteLength(wanted.body ?? '') > upstream.maxRequestBytes) return rejection('body-too-large')
    const target = query === '' ? path : `${path}?${query}`
    const { method, headers, body } = wanted
    return { upstream: upstream.name, route: route.name, method, target, headers, body }
  }
  return rejection('path-not-allowed', path)
}

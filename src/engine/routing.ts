/** Which route serves this request? The first whose method and path pattern fit; nothing else is ever called. */
import { isCustomerErrorCode, isRejection, rejection, type Rejection } from '../core/errors.js'
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

/** Handlers are user code: what they throw or refuse with is looked at. */
export function translateJob(
  handlers: ReadonlyMap<number, JobHandler>,
  route: (request: JobRequest, handler: JobHandler) => UpstreamCall | Rejection,
  request: JobRequest,
): UpstreamCall | Rejection {
  const handler = handlers.get(request.kind)
  if (!handler) return rejection('invalid-request', 'no handler for this kind')
  let call: UpstreamCall | Rejection
  try {
    call = route(request, handler)
  } catch (error) {
    return rejection('internal-error', `the handler threw ${error instanceof Error ? error.name : 'something'}`)
  }
  if (!isRejection(call) || isCustomerErrorCode(call.rejected)) return call
  return rejection('internal-error', 'the handler refused with a code that is not documented')
}

/** Handlers are user code: they spell header names as they like. */
const isGrpc = ({ headers }: HandlerRequest): boolean =>
  Object.entries(headers).some(
    ([name, value]) => name.toLowerCase() === 'content-type' && /^\s*application\/grpc/i.test(value),
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
    if (Buffer.byteLength(wanted.body ?? '', wanted.bodyEncoding ?? 'utf8') > upstream.maxRequestBytes)
      return rejection('body-too-large')
    const target = query === '' ? path : `${path}?${query}`
    const { method, headers, body, bodyEncoding } = wanted
    const binary = bodyEncoding === undefined ? {} : { bodyEncoding }
    return { upstream: upstream.name, route: route.name, method, target, headers, body, ...binary }
  }
  return rejection('path-not-allowed', path)
}

/** What does an agent mean by this task? The route of that name, or a task that the operator spelled out, as the parameters of a job. */
import { rejection, type Rejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import type { UpstreamCall } from '../core/job.js'
import type { Route, Upstream } from '../core/route.js'
import { canonicalPath } from '../l402/path.js'

/** A task made from a prompt (settings `dispatch.tasks`). */
export interface PromptTask {
  readonly task: string
  readonly method: string
  readonly path: string
  readonly query?: string | undefined
  readonly body?: string | undefined
  readonly contentType: string
}

export interface Assignment {
  readonly route: Route
  /** As far as it is known before the handler has seen the job. */
  readonly call: UpstreamCall
  /** As the `param` tags of a job. */
  readonly params: Readonly<Record<string, string>>
}

export function assignTask(
  { upstreams, tasks }: { readonly upstreams: readonly Upstream[]; readonly tasks: readonly PromptTask[] },
  wanted: { readonly task: string; readonly params: Readonly<Record<string, string>> },
): Assignment | Rejection {
  const spelledOut = tasks.find(({ task }) => task === wanted.task)
  if (spelledOut) {
    const { prompt = '', settlement } = wanted.params
    // What was promised of the payment is no matter of the task.
    return bind(upstreams, { ...fillIn(spelledOut, prompt), ...(settlement !== undefined && { settlement }) }, null)
  }
  const route = upstreams.flatMap(({ routes }) => routes).find(({ name }) => name === wanted.task)
  if (!route) return rejection('task-unknown', 'neither a route nor a task of the configuration')
  const params = completeParams(route, wanted.params)
  return params === null
    ? rejection('invalid-request', 'the route has several methods or paths, and the request names none')
    : bind(upstreams, params, route)
}

/** What the route leaves no choice of need not be said. */
function completeParams(route: Route, params: Readonly<Record<string, string>>): Record<string, string> | null {
  const [only] = route.methods.size === 1 ? route.methods : []
  const method = params['method'] ?? only
  const path = params['path'] ?? (route.pattern.includes('*') ? undefined : route.pattern)
  return method === undefined || path === undefined ? null : { ...params, method, path }
}

function fillIn({ method, path, query, body, contentType }: PromptTask, prompt: string): Record<string, string> {
  const isJson = /\bjson\b/i.test(contentType)
  const fill = (text: string, spell: (prompt: string) => string) => text.replaceAll('{{prompt}}', () => spell(prompt))
  return {
    method,
    path,
    ...(query === undefined ? {} : { query: fill(query, encodeURIComponent) }),
    ...(body === undefined ? {} : { body: fill(body, isJson ? JSON.stringify : String), 'content-type': contentType }),
  }
}

/** The route that will serve it is the first that fits, whatever name was asked for: its price is the one that is agreed on. */
function bind(
  upstreams: readonly Upstream[],
  params: Record<string, string>,
  named: Route | null,
): Assignment | Rejection {
  const method = (params['method'] ?? '').toUpperCase()
  const target = canonicalPath((params['path'] ?? '').split('?')[0] ?? '')
  if (isMalformed(target)) return rejection('path-not-allowed', target.malformed)
  for (const { name: upstream, routes } of upstreams) {
    const route = routes.find(({ methods, matches }) => methods.has(method) && matches(target))
    if (!route) continue
    if (named !== null && route !== named) return rejection('path-not-allowed', 'the task is another route')
    return { route, params, call: { upstream, route: route.name, method, target, headers: {}, body: null } }
  }
  return rejection('path-not-allowed', target)
}

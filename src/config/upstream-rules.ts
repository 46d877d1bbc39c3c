/** Which settings of one upstream contradict each other? Every sentence names both and the way out. */
import type { z } from 'zod'
import { isLocalHost, isOnionHost } from '../core/hosts.js'

interface RouteLimits {
  readonly maxSats: number
  readonly minSats: number
  readonly priceSats?: number | undefined
}

interface RouteNaming {
  readonly name?: string | undefined
  readonly methods: readonly string[]
  readonly path: string
}

interface Connection {
  readonly mode: 'auto' | 'passthrough' | 'wrap' | 'resell'
  readonly wallet?: string | undefined
  readonly resell: { readonly enabled: boolean }
  readonly origin: string
  readonly proxy?: string | undefined
  readonly allowInsecure: boolean
  readonly routes: readonly RouteNaming[]
}

/** The name of a route that was given none: stable over restarts, because saved jobs hold it. */
export const nameOfRoute = (route: RouteNaming): string => route.name ?? `${route.methods.join(',')} ${route.path}`

export function checkRoute({ maxSats, minSats, priceSats }: RouteLimits, ctx: z.RefinementCtx): void {
  const say = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
  if (minSats > maxSats) say('minSats', `is ${minSats}, above maxSats (${maxSats}): lower minSats or raise maxSats`)
  if (priceSats === undefined) return
  if (priceSats > maxSats) say('priceSats', `is ${priceSats}, above maxSats (${maxSats}): lower it or raise maxSats`)
  if (priceSats < minSats) say('priceSats', `is ${priceSats}, below minSats (${minSats}): raise it or lower minSats`)
}

export function checkUpstream(upstream: Connection, ctx: z.RefinementCtx): void {
  checkTransport(upstream, ctx)
  checkMode(upstream, ctx)
  checkRoutes(upstream.routes, ctx)
}

function checkMode({ mode, wallet, resell }: Connection, ctx: z.RefinementCtx): void {
  const say = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
  if (mode === 'resell' && !resell.enabled) {
    say('mode', "is resell, and resell.enabled is false: set it to true, since customers' money is held for moments")
  }
  if (wallet !== undefined) return
  if (mode === 'wrap' || mode === 'resell')
    say('mode', `is ${mode}, and wallet is not set: name the wallet that pays the upstream`)
  else if (resell.enabled) say('resell', 'is enabled, and wallet is not set: name the wallet that pays the upstream')
}

function checkTransport({ origin, proxy, allowInsecure }: Connection, ctx: z.RefinementCtx): void {
  if (!URL.canParse(origin)) return
  const { protocol, hostname } = new URL(origin)
  const say = (message: string) => ctx.addIssue({ code: 'custom', path: ['origin'], message })
  if (isOnionHost(hostname)) {
    if (proxy === undefined) say('is an .onion address, and proxy is not set: add proxy: socks5://127.0.0.1:9050')
    return
  }
  if (protocol === 'http:' && !isLocalHost(hostname) && !allowInsecure) {
    say(
      'is plain http to another machine, and allowInsecure is false: use https, or set allowInsecure: true if the network between is yours',
    )
  }
}

function checkRoutes(routes: readonly RouteNaming[], ctx: z.RefinementCtx): void {
  const names = new Map<string, number>()
  const calls = new Map<string, number>()
  for (const [index, route] of routes.entries()) {
    const twin = route.methods
      .map((method) => calls.get(`${method} ${route.path}`))
      .find((found) => found !== undefined)
    if (twin !== undefined) {
      const message = `has a method that routes[${twin}] offers on the same path, so it would never be used: remove one of the two`
      ctx.addIssue({ code: 'custom', path: ['routes', index], message })
    }
    const namesake = names.get(nameOfRoute(route))
    if (namesake !== undefined && twin === undefined) {
      const message = `is also the name of routes[${namesake}]: give each route of an upstream a name of its own`
      ctx.addIssue({ code: 'custom', path: ['routes', index, 'name'], message })
    }
    names.set(nameOfRoute(route), index)
    for (const method of route.methods) calls.set(`${method} ${route.path}`, index)
  }
}

/** How does a service that described itself read as settings of an upstream? Prices become ceilings, with a little room. */
import { isPublicHost } from '../core/hosts.js'
import { satsRoundedUp, type Msat } from '../core/money.js'
import type { DescribedRoute, DescribedService } from '../l402/described-service.js'

/** Where no price is told. */
const USUAL_SATS = 1_000

export const settingsFor = ({ origin, routes }: DescribedService): Record<string, unknown> => ({
  name: nameFor(origin),
  origin,
  ...(isPublicHost(new URL(origin).hostname) ? { publicUrl: origin } : {}),
  routes: routes.map(routeFor),
})

/** Letters and digits of the host, in the form of a name. */
function nameFor(origin: string): string {
  const { hostname } = new URL(origin)
  const name = hostname
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 64)
  return name === '' ? 'api' : name
}

function routeFor({ path, methods, priceMsat, description }: DescribedRoute): Record<string, unknown> {
  const isWhole = priceMsat !== null && priceMsat % 1000 === 0
  return {
    path,
    methods,
    maxSats: priceMsat === null ? USUAL_SATS : withRoom(priceMsat),
    ...(isWhole ? { priceSats: priceMsat / 1000 } : {}),
    ...(description === null ? {} : { description }),
  }
}

/** A tenth more, and at least a sat: a price that is rounded otherwise, or that rose a little, is no reason to refuse every job. */
function withRoom(priceMsat: Msat): number {
  const sats = satsRoundedUp(priceMsat)
  return Math.min(100_000_000, Math.max(sats + 1, Math.ceil(sats * 1.1)))
}

/** Does an upstream still stand as in the example? Then no job of it could cross, and a stranger's server would be asked. */
import type { UpstreamConfig } from '../config/config.js'
import type { Finding } from './finding.js'

/** Names that are nobody's API (RFC 2606, RFC 6761). */
const RESERVED = /(^|\.)(example\.(com|net|org)|example|invalid)$/i

/** Null where the origin may be the operator's own. */
export function checkUpstream({ name, origin }: Pick<UpstreamConfig, 'name' | 'origin'>): Finding | null {
  const { hostname } = new URL(origin)
  if (!RESERVED.test(hostname)) return null
  const says = `${origin} is the address of the example: set origin to that of your API, and routes to its paths and prices.`
  return { type: 'upstream', name, verdict: 'failed', says }
}

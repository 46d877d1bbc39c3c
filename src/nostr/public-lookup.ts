/** Does the name of a relay that a stranger chose lead to the public? Asked when it is resolved: its form cannot tell. */
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { isPublicHost } from '../core/hosts.js'

/** As `dns.lookup` with `all`. */
export type ResolveAll = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/**
 * For `net.connect`: the addresses that it gets are those that were looked at, so a name cannot lead elsewhere in between.
 * Fails where one of them is private: whoever runs that name means mischief, or our network.
 */
export function createPublicLookup(resolveAll: ResolveAll = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolveAll(hostname, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error || !first) return callback(error ?? failure('no address'), '', 0)
      if (!addresses.every(({ address }) => isPublicHost(address))) {
        return callback(failure('the name leads to a private network'), '', 0)
      }
      if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

const failure = (reason: string): NodeJS.ErrnoException => Object.assign(new Error(reason), { code: 'ENOTFOUND' })

/** Where does a host name lead: to this machine, to a private network, or to the public? By its form alone; nothing is looked up. */
import { BlockList, isIP } from 'node:net'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291, RFC 6890 and the ranges that lead nowhere. */
const PRIVATE = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv4')
  // The same machines by way of IPv6: the compatible form, a translator (RFC 6052) and a tunnel (RFC 3056).
  PRIVATE.addSubnet(`::${network}`, 96 + bits, 'ipv6')
  PRIVATE.addSubnet(`64:ff9b::${network}`, 96 + bits, 'ipv6')
  const [a = 0, b = 0, c = 0, d = 0] = network.split('.').map(Number)
  PRIVATE.addSubnet(`2002:${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}::`, 16 + bits, 'ipv6')
}
for (const [network, bits] of [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 9],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, bits, 'ipv6')
}

const PRIVATE_SUFFIXES = ['.localhost', '.local', '.internal', '.lan', '.home.arpa']

/** A host as `URL.hostname` gives it: lower case, IPv6 in brackets, perhaps with the root's dot at its end. */
const bareHost = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')

const listed = (list: BlockList, address: string): boolean => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

export const isOnionHost = (hostname: string): boolean => bareHost(hostname).endsWith('.onion')

/** True for a host that can only be this machine. */
export function isLocalHost(hostname: string): boolean {
  const host = bareHost(hostname)
  if (isIP(host) !== 0) return listed(LOOPBACK, host)
  return host === 'localhost' || host.endsWith('.localhost')
}

/** False for an address or a name that cannot be reached from the public internet. */
export function isPublicHost(hostname: string): boolean {
  const host = bareHost(hostname)
  if (isIP(host) !== 0) return !listed(PRIVATE, host)
  return host.includes('.') && !PRIVATE_SUFFIXES.some((suffix) => host.endsWith(suffix))
}

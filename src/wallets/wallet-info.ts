/** What does a wallet tell of itself? Its network, node and height, in the words that wallets use for them; null where it says none. */
import type { Network } from '../ports.js'
import { unusable } from './wallet-fault.js'

const NETWORKS: Readonly<Record<string, Network>> = {
  mainnet: 'mainnet',
  main: 'mainnet',
  bitcoin: 'mainnet',
  bc: 'mainnet',
  testnet: 'testnet',
  testnet3: 'testnet',
  testnet4: 'testnet',
  test: 'testnet',
  signet: 'signet',
  mutinynet: 'signet',
  regtest: 'regtest',
}

export function parseNetwork(value: unknown): Network | null {
  const name = typeof value === 'string' ? value.toLowerCase() : ''
  return Object.hasOwn(NETWORKS, name) ? (NETWORKS[name] ?? null) : null
}

/** A compressed public key. */
export const isNodeId = (value: unknown): value is string =>
  typeof value === 'string' && /^0[23][0-9a-f]{64}$/.test(value)

export const parseNodeId = (value: unknown): string | null => (isNodeId(value) ? value : null)

/** Told by hardly any wallet, and never guessed from an alias, which is whatever its owner likes. */
export const parseBackend = (value: unknown): string | null =>
  typeof value === 'string' && /^[a-z][a-z0-9-]{1,19}$/i.test(value) ? value.toLowerCase() : null

export const parseHeight = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 1 ? value : null

/** One that does not tell is taken at its word. @throws TollbridgeError `wallet-unusable` for another network. */
export function checkNetwork(name: string, found: Network | null, expected: Network | undefined): void {
  if (expected === undefined || found === null || found === expected) return
  const remedy = `--network ${found}, or the setting network, changes that`
  throw unusable(name, `it is on ${found}, and ${expected} is expected; ${remedy}`)
}

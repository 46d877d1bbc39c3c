/** Which macaroons does a simulated LND take? Those that it has baked, for the operations in their identifiers. */
import { randomBytes } from 'node:crypto'
import { newMacaroon } from 'macaroon'
import { encodeMacaroon } from '../gateways/token.js'

export interface LndMacaroons {
  /** `entity:action` or `uri:/package.Service/Method`. In hex. A secret of the simulation. */
  bake(permissions: readonly string[]): string
  /** Null where it is allowed, or LND's words for why not. `uri` without the leading slash. */
  deny(macaroonHex: string | undefined, permission: string, uri: string): string | null
}

export const ADMIN = [
  ...['address', 'info', 'invoices', 'message', 'offchain', 'onchain', 'peers'].flatMap((entity) => [
    `${entity}:read`,
    `${entity}:write`,
  ]),
  'macaroon:generate',
  'macaroon:read',
  'macaroon:write',
  'signer:generate',
  'signer:read',
]

/** A protobuf field of bytes. */
function field(number: number, bytes: Buffer): Buffer {
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7]
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes])
}

export function createLndMacaroons(): LndMacaroons {
  const rootKey = randomBytes(32)
  const baked = new Map<string, ReadonlySet<string>>()
  return {
    bake(permissions) {
      const byEntity = new Map<string, string[]>()
      for (const permission of permissions) {
        const at = permission.indexOf(':')
        const entity = permission.slice(0, at)
        byEntity.set(entity, [...(byEntity.get(entity) ?? []), permission.slice(at + 1)])
      }
      const operations = [...byEntity].map(([entity, actions]) =>
        field(3, Buffer.concat([field(1, Buffer.from(entity)), ...actions.map((one) => field(2, Buffer.from(one)))])),
      )
      const head = [Buffer.from([3]), field(1, randomBytes(16)), field(2, Buffer.from('0'))]
      const identifier = Buffer.concat([...head, ...operations])
      const macaroon = encodeMacaroon(newMacaroon({ identifier, location: 'lnd', rootKey })).toString('hex')
      baked.set(macaroon, new Set(permissions))
      return macaroon
    },
    deny(macaroonHex, permission, uri) {
      if (macaroonHex === undefined) return 'expected 1 macaroon, got 0'
      const allowed = baked.get(macaroonHex.toLowerCase())
      if (!allowed) return 'verification failed: signature mismatch after caveat verification'
      return allowed.has(permission) || allowed.has(`uri:/${uri}`) ? null : 'permission denied'
    },
  }
}

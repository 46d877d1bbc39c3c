/** What does a macaroon of LND allow? Its identifier lists the operations; caveats, which only narrow, are not read. */
import { macaroonIdentifier } from '../l402/credential.js'
import type { Excess, WalletMethod } from '../ports.js'

/** `entity:action`, or `uri:/package.Service/Method`. Null where the macaroon does not tell. */
export function parsePermissions(macaroonHex: string): ReadonlySet<string> | null {
  const identifier = macaroonIdentifier(Buffer.from(macaroonHex, 'hex').toString('base64'))
  // Version 3 of a bakery macaroon: this byte, then a message of nonce (1), storage id (2) and operations (3).
  if (identifier === null || identifier[0] !== 3) return null
  const operations = fieldsOf(identifier.subarray(1))
  if (operations === null) return null
  const permissions = new Set<string>()
  for (const operation of operations.filter(({ number }) => number === 3)) {
    const fields = fieldsOf(operation.bytes)
    if (fields === null) return null
    const texts = (number: number) => fields.filter((one) => one.number === number).map(({ bytes }) => textOf(bytes))
    const [entity = ''] = texts(1)
    for (const action of texts(2)) permissions.add(`${entity}:${action}`)
  }
  return permissions.size === 0 ? null : permissions
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

interface Field {
  readonly number: number
  readonly bytes: Uint8Array
}

/** A protobuf message whose fields are all of bytes. Null for anything else. */
function fieldsOf(message: Uint8Array): readonly Field[] | null {
  const fields: Field[] = []
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = message[at++] ?? Number.NaN
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    return Number.NaN
  }
  while (at < message.length) {
    const tag = varint()
    const length = varint()
    if ((tag & 7) !== 2 || Number.isNaN(length) || at + length > message.length) return null
    fields.push({ number: tag >> 3, bytes: message.subarray(at, at + length) })
    at += length
  }
  return fields
}

/** Each call of a method, by permission or by its own name. */
const CALLS: Readonly<Record<WalletMethod, readonly (readonly [permission: string, uri: string])[]>> = {
  getInfo: [['info:read', 'lnrpc.Lightning/GetInfo']],
  lookupInvoice: [['invoices:read', 'lnrpc.Lightning/LookupInvoice']],
  listIncoming: [['invoices:read', 'lnrpc.Lightning/ListInvoices']],
  onSettled: [
    ['invoices:read', 'lnrpc.Lightning/SubscribeInvoices'],
    ['invoices:read', 'lnrpc.Lightning/ListInvoices'],
  ],
  onAccepted: [['invoices:read', 'invoicesrpc.Invoices/SubscribeSingleInvoice']],
  makeInvoice: [['invoices:write', 'lnrpc.Lightning/AddInvoice']],
  makeHoldInvoice: [
    ['invoices:write', 'invoicesrpc.Invoices/AddHoldInvoice'],
    ['invoices:read', 'lnrpc.Lightning/LookupInvoice'],
  ],
  settleHoldInvoice: [
    ['invoices:write', 'invoicesrpc.Invoices/SettleInvoice'],
    ['invoices:read', 'lnrpc.Lightning/LookupInvoice'],
  ],
  cancelHoldInvoice: [
    ['invoices:write', 'invoicesrpc.Invoices/CancelInvoice'],
    ['invoices:read', 'lnrpc.Lightning/LookupInvoice'],
  ],
  payInvoice: [['offchain:write', 'routerrpc.Router/SendPaymentV2']],
  lookupPayment: [['offchain:read', 'routerrpc.Router/TrackPaymentV2']],
  estimateDelay: [
    ['info:read', 'lnrpc.Lightning/QueryRoutes'],
    ['info:read', 'lnrpc.Lightning/GetInfo'],
  ],
}

/** All methods where the macaroon does not tell: each call will show. */
export function allowedMethods(permissions: ReadonlySet<string> | null): readonly WalletMethod[] {
  const methods = Object.keys(CALLS) as WalletMethod[]
  if (permissions === null) return methods
  return methods.filter((method) =>
    CALLS[method].every(([permission, uri]) => permissions.has(permission) || permissions.has(`uri:/${uri}`)),
  )
}

/** What can move money or make somebody who can; reading is not told. */
const HARM: Readonly<Record<string, Excess>> = {
  'offchain:write': 'send payments over Lightning and open or close channels (offchain:write)',
  'onchain:write': 'spend the coins of the node on chain (onchain:write)',
  'invoices:write': 'make, settle and cancel invoices (invoices:write)',
  'macaroon:generate': 'bake macaroons that can do everything (macaroon:generate)',
  'macaroon:write': 'revoke macaroons (macaroon:write)',
  'signer:generate': 'sign with the keys of the node (signer:generate)',
  'message:write': 'sign messages in the name of the node (message:write)',
  'address:write': 'make addresses on chain (address:write)',
  'peers:write': 'connect and disconnect peers (peers:write)',
  'info:write': 'stop the node and change its settings (info:write)',
}

/** Empty where the macaroon does not tell. */
export function excessOf(
  permissions: ReadonlySet<string> | null,
  needed: ReadonlySet<WalletMethod>,
): readonly Excess[] {
  if (permissions === null) return []
  const calls = [...needed].flatMap((method) => CALLS[method])
  const wanted = new Set(calls.map(([permission]) => permission))
  const uris = new Set(calls.map(([, uri]) => `uri:/${uri}`))
  const harms = Object.entries(HARM).flatMap(([permission, harm]) =>
    permissions.has(permission) && !wanted.has(permission) ? [harm] : [],
  )
  const extra = [...permissions].filter((one) => one.startsWith('uri:') && !uris.has(one) && !isReading(one))
  return [...harms, ...extra.map((one) => `call ${one.slice('uri:/'.length)}`)]
}

const isReading = (uri: string): boolean =>
  /\/(Get|List|Lookup|Subscribe|Track|Query|Decode|Describe|Estimate)/.test(uri)

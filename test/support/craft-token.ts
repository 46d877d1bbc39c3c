/** How is an L402 token made? A macaroon with the identifier and caveats that a test needs. */
import { newMacaroon, type Macaroon } from 'macaroon'

export interface TokenToCraft {
  readonly paymentHash: string
  readonly caveats?: readonly string[]
  /** Of the identifier; only 0 is known. */
  readonly version?: number
  /** In place of version, hash and id. */
  readonly identifier?: Uint8Array
}

export const ROOT_KEY = Buffer.alloc(32, 0x44)

/** Standard base64 with padding, as servers write it. */
export function craftToken({ paymentHash, caveats = [], version = 0, identifier }: TokenToCraft): string {
  const usual = Buffer.concat([Buffer.of(0, version), Buffer.from(paymentHash, 'hex'), Buffer.alloc(32, 0x55)])
  const macaroon = newMacaroon({ identifier: identifier ?? usual, location: 'lsat', rootKey: ROOT_KEY })
  for (const caveat of caveats) macaroon.addFirstPartyCaveat(caveat)
  return serialise(macaroon).toString('base64')
}

const END = Buffer.of(0)
const LOCATION = 1
const IDENTIFIER = 2
const SIGNATURE = 6

/** Binary version 2. The package's own `exportBinary` doubles its buffer with every field, to gigabytes at four caveats. */
function serialise({ location, identifier, caveats, signature }: Macaroon): Buffer {
  const conditions = caveats.flatMap((caveat) => [field(IDENTIFIER, caveat.identifier), END])
  const head = [Buffer.of(2), field(LOCATION, Buffer.from(location)), field(IDENTIFIER, identifier), END]
  return Buffer.concat([...head, ...conditions, END, field(SIGNATURE, signature)])
}

function field(type: number, data: Uint8Array): Buffer {
  const length = data.length < 128 ? [data.length] : [(data.length & 127) | 128, data.length >> 7]
  return Buffer.concat([Buffer.of(type, ...length), data])
}

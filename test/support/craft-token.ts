/** How is an L402 token made? A macaroon with the identifier and caveats that a test needs. */
import { newMacaroon } from 'macaroon'

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
  return Buffer.from(macaroon.exportBinary()).toString('base64')
}

/** Which dialects of L402 are spoken here? */
import type { Dialect } from '../dialect.js'
import type { DialectName } from '../settings.js'
import { aperture } from './aperture.js'
import { payment } from './payment.js'
import { fiber, lightningToll, lsatOnly, nonMacaroon, singleUse, spec } from './plain.js'
import { satgate, tokenSuffix, tollBooth, tollBoothFlat, tollBoothMock } from './toll-booth.js'
import { x402 } from './x402.js'

export const dialects: Record<DialectName, Dialect> = {
  'toll-booth': tollBooth,
  'toll-booth-flat': tollBoothFlat,
  'toll-booth-mock': tollBoothMock,
  'token-suffix': tokenSuffix,
  aperture,
  spec,
  'single-use': singleUse,
  'non-macaroon': nonMacaroon,
  'lsat-only': lsatOnly,
  'lightning-toll': lightningToll,
  fiber,
  satgate,
  payment,
  x402,
}

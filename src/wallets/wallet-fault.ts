/** What is said of a wallet that does not serve? Words for the operator, which hold no secret and nothing that the wallet wrote. */
import { TollbridgeError } from '../core/errors.js'

export const walletFault = (reason: string): TollbridgeError => new TollbridgeError('wallet-unusable', reason)

export const unusable = (name: string, reason: string): TollbridgeError =>
  walletFault(`wallet ${name} cannot be used: ${reason}`)

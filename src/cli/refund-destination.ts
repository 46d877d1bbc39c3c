/** Where does the command line say that money goes back? Checked by its form; a wallet connection comes from a file alone. */
import { TollbridgeError } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import { isWalletDestination, parseRefundDestination } from '../core/refund.js'
import { readSecretFile } from '../system/private-file.js'

export interface RefundOptions {
  readonly to?: string | undefined
  readonly toFile?: string | undefined
}

/** A wallet connection is a secret, and the command line is none. @throws TollbridgeError `usage` */
export async function destinationOf({ to, toFile }: RefundOptions): Promise<string | null> {
  if (to !== undefined && toFile !== undefined) throw new TollbridgeError('usage', 'name one destination, not two')
  const text = toFile === undefined ? to : (await readSecretFile(toFile)).trim()
  if (text === undefined) return null
  const destination = parseRefundDestination(text)
  if (isMalformed(destination)) throw new TollbridgeError('usage', destination.malformed)
  if (isWalletDestination(text) && toFile === undefined) {
    throw new TollbridgeError('usage', 'a wallet connection is a secret: put it into a 0600 file, and name the file')
  }
  return text
}

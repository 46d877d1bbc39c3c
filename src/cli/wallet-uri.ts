/** Where does a command have its wallet from? A 0600 file or the environment: an address that can pay is a secret. */
import { readSecretFile } from '../system/private-file.js'

/** Null where none is given. @throws TollbridgeError `key-unusable` for a file that is missing or that others can read. */
export async function findWalletUri(
  walletFile: string | null,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | null> {
  const uri = walletFile === null ? env['TOLLBRIDGE_WALLET'] : await readSecretFile(walletFile)
  return uri !== undefined && uri.trim() !== '' ? uri.trim() : null
}

/** Which adapter serves a wallet of the configuration? One case a type. */
import { readFileSync } from 'node:fs'
import type { Config, WalletConfig } from '../config/config.js'
import { TollbridgeError } from '../core/errors.js'
import type { Clock, Logger, RelayPool, Wallet } from '../ports.js'
import { createClnWallet } from '../wallets/cln.js'
import { createLnbitsWallet } from '../wallets/lnbits.js'
import { createLndWallet } from '../wallets/lnd.js'
import { createNwcWallet } from '../wallets/nwc.js'
import { createPhoenixdWallet } from '../wallets/phoenixd.js'

export interface WalletSurroundings {
  readonly relayPool: RelayPool
  readonly clock: Clock
  readonly log: Logger
}

/** Not started. By name. @throws TollbridgeError `wallet-unusable` where a secret cannot be used. */
export function createWallets(config: Config, surroundings: WalletSurroundings): ReadonlyMap<string, Wallet> {
  return new Map(
    [...config.wallets].map(([name, wallet]) => {
      const secret = config.walletSecrets.get(name)
      if (secret === undefined) throw new TollbridgeError('wallet-unusable', `wallet ${name} has no secret`)
      return [name, createWallet({ name, wallet, secret, network: config.network, ...surroundings })]
    }),
  )
}

function createWallet({
  wallet,
  secret,
  ...rest
}: WalletSurroundings & {
  readonly name: string
  readonly wallet: WalletConfig
  readonly secret: string
  readonly network: Config['network']
}): Wallet {
  switch (wallet.type) {
    case 'nwc':
      return createNwcWallet({ ...rest, uri: secret })
    case 'lnd':
      return createLndWallet({ ...rest, ...addressOf(rest.name, wallet), macaroon: secret })
    case 'cln':
      return createClnWallet({ ...rest, ...addressOf(rest.name, wallet), rune: secret })
    case 'phoenixd':
      return createPhoenixdWallet({ ...rest, ...addressOf(rest.name, wallet), password: secret })
    case 'lnbits':
      return createLnbitsWallet({ ...rest, ...addressOf(rest.name, wallet), key: secret })
  }
}

/** Where an HTTP interface is, and what it shows. @throws TollbridgeError `wallet-unusable` */
function addressOf(
  name: string,
  { origin, certificate }: WalletConfig,
): { readonly url: string; readonly certificate?: string } {
  if (origin === null) throw new TollbridgeError('wallet-unusable', `wallet ${name} has no url`)
  if (certificate === null) return { url: origin }
  try {
    return { url: origin, certificate: readFileSync(certificate, 'utf8') }
  } catch {
    throw new TollbridgeError('wallet-unusable', `the certificate of wallet ${name}, ${certificate}, cannot be read`)
  }
}

/** Which adapter serves a wallet of the configuration? One case a type. */
import type { Config, WalletConfig } from '../config/config.js'
import { TollbridgeError } from '../core/errors.js'
import type { Clock, Logger, RelayPool, Wallet } from '../ports.js'
import { createNwcWallet } from '../wallets/nwc.js'

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
  }
}

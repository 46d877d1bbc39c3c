/** Which wallet pays in the embedded world, and how? The options of `demo` and `dev` that put it before an API of somebody else. */
import type { Command } from 'commander'
import { WALLET_TYPES, type WalletType } from '../config/wallets-schema.js'
import { TollbridgeError } from '../core/errors.js'
import type { PurseRequest } from '../dev/purse.js'

export interface PurseOptions {
  readonly wrap?: boolean
  readonly resell?: boolean
  readonly wallet?: string
  readonly unpayable?: boolean
}

const WHY_NO_WRAP: Partial<Record<WalletType, string>> = {
  cln: 'the hold plugin of cln holds for 80 blocks, and more are needed before this API',
  phoenixd: 'phoenixd cannot hold payments',
  lnbits: 'lnbits cannot hold payments',
}

export const describePurse = (command: Command): Command =>
  command
    .option('--wrap', "the API is somebody else's: customers pay a hold invoice, which is settled once the API is paid")
    .option('--resell', "the API is somebody else's: customers pay an invoice of the bridge, which then pays the API")
    .option('--wallet <type>', `what the bridge pays with: ${WALLET_TYPES.join(', ')}; default: lnd`)

/** Null where the API belongs to the operator. @throws TollbridgeError `usage` for options that contradict each other. */
export function purseOf({
  wrap = false,
  resell = false,
  wallet,
  unpayable = false,
}: PurseOptions): PurseRequest | null {
  if (wrap && resell) throw usage('--wrap and --resell are two ways of paying: leave one out')
  if (!wrap && !resell) {
    if (wallet === undefined && !unpayable) return null
    throw usage(`${unpayable ? '--unpayable' : '--wallet'} says how the bridge pays: add --wrap or --resell`)
  }
  const type = wallet === undefined ? 'lnd' : WALLET_TYPES.find((known) => known === wallet)
  if (type === undefined) throw usage(`--wallet is one of ${WALLET_TYPES.join(', ')}`)
  const whyNot = wrap ? WHY_NO_WRAP[type] : undefined
  if (whyNot !== undefined)
    throw usage(`--wrap does not go with --wallet ${type}: ${whyNot}; take lnd or nwc, or --resell`)
  return { mode: wrap ? 'wrap' : 'resell', wallet: type, isUnpayable: unpayable }
}

const usage = (message: string): TollbridgeError => new TollbridgeError('usage', message)

/** What does a bridge pay an API with that belongs to somebody else? A simulated node of its own, behind any kind of wallet. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { WalletType } from '../config/wallets-schema.js'
import { isMalformed } from '../core/identifiers.js'
import { decodeInvoice } from '../l402/invoice.js'
import { PaymentFault } from './lightning/node.js'
import type { SimulatedNetwork, SimulatedNode } from './lightning/simulated.js'
import { startNwcWallet } from './nwc-wallet.js'
import { createCertificate } from './wallets/certificate.js'
import { startCln } from './wallets/cln.js'
import { startLnbits } from './wallets/lnbits.js'
import { startLndNode } from './wallets/lnd.js'
import { startPhoenixd } from './wallets/phoenixd.js'

export interface PurseRequest {
  readonly mode: 'wrap' | 'resell'
  readonly wallet: WalletType
  /** No route leads to the API: what customers pay goes back, or stays owed. */
  readonly isUnpayable?: boolean
}

export interface DevPurse {
  readonly mode: PurseRequest['mode']
  readonly wallet: WalletType
  readonly node: SimulatedNode
  /** As it stands below `wallets` in the configuration; its secrets are in files beside that. */
  readonly settings: Readonly<Record<string, unknown>>
  stop(): Promise<void>
}

/** Where the purse stands. */
export interface PurseSite {
  readonly network: SimulatedNetwork
  /** Id of the node that the API is paid on. */
  readonly payee: string
  readonly relayUrl: string
  readonly directory: string
}

/** What each payment over a route costs here. */
const FEE_MSAT = 1_000
const LND_PERMISSIONS = ['info:read', 'invoices:read', 'invoices:write', 'offchain:read', 'offchain:write']
const CLN_TO_PAY = ['getinfo', 'listinvoices', 'xpay', 'pay', 'listpays']
const CLN_COMMANDS = {
  wrap: [...CLN_TO_PAY, 'getroute', 'holdinvoice', 'listholdinvoices', 'settleholdinvoice', 'cancelholdinvoice'],
  resell: [...CLN_TO_PAY, 'waitanyinvoice', 'invoice'],
}

/** With the least credential that its mode needs. To be stopped. */
export async function openPurse(request: PurseRequest, site: PurseSite): Promise<DevPurse> {
  const own = site.network.createNode({ key: randomBytes(32) })
  own.faults.feeMsat = FEE_MSAT
  const node = request.isUnpayable === true ? withoutRouteTo(site.payee, own) : own
  const { settings, stop } = await startService(request, node, site)
  return {
    mode: request.mode,
    wallet: request.wallet,
    node: own,
    settings: { type: request.wallet, ...settings },
    stop,
  }
}

async function startService({ mode, wallet }: PurseRequest, node: SimulatedNode, site: PurseSite) {
  const keep = async (secret: string, name = `purse.${wallet}`): Promise<string> => {
    await writeFile(join(site.directory, name), `${secret}\n`, { mode: 0o600 })
    return `./${name}`
  }
  switch (wallet) {
    case 'nwc': {
      const permissions = mode === 'wrap' ? 'hold' : 'full'
      const service = await startNwcWallet({ node, relayUrl: site.relayUrl, permissions })
      return { settings: { uri: { file: await keep(service.uri) } }, stop: () => service.stop() }
    }
    case 'lnd': {
      const tls = createCertificate()
      const service = await startLndNode({ node, tls })
      const credential = { file: await keep(service.bake(LND_PERMISSIONS), 'purse.macaroon') }
      const certificate = await keep(tls.cert, 'purse.cert')
      return { settings: { url: service.url, credential, certificate }, stop: () => service.stop() }
    }
    case 'cln': {
      const restrictions = [CLN_COMMANDS[mode].map((command) => `method=${command}`).join('|')]
      const service = await startCln({ node, peers: [site.payee], restrictions })
      return {
        settings: { url: service.url, credential: { file: await keep(service.rune) } },
        stop: () => service.stop(),
      }
    }
    case 'phoenixd': {
      const service = await startPhoenixd({ node })
      const credential = { file: await keep(service.password) }
      return { settings: { url: service.url, credential }, stop: () => service.stop() }
    }
    case 'lnbits': {
      const service = await startLnbits({ node, leaks: false })
      const credential = { file: await keep(service.adminKey) }
      return { settings: { url: service.url, credential }, stop: () => service.stop() }
    }
  }
}

/** It can pay everybody else, so that money can be sent back. */
function withoutRouteTo(payee: string, node: SimulatedNode): SimulatedNode {
  return {
    ...node,
    async pay(bolt11, ...rest) {
      const invoice = decodeInvoice(bolt11)
      if (!isMalformed(invoice) && invoice.payee === payee) throw new PaymentFault('refused', 'no route to the payee')
      return node.pay(bolt11, ...rest)
    },
  }
}

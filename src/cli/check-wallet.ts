/** Is a wallet what the configuration takes it for? That it answers, on which network, and whether its credential can do too much. */
import type { Config } from '../config/config.js'
import type { Wallet } from '../ports.js'
import type { Finding } from './finding.js'
import { leastCredential, neededOf } from './wallet-needs.js'

/** A finding about the wallet, and a warning where the credential allows more than its upstreams need. */
export async function checkWallet(
  name: string,
  wallet: Wallet,
  config: Pick<Config, 'network' | 'upstreams' | 'wallets'>,
): Promise<readonly Finding[]> {
  const finding = (verdict: Finding['verdict'], says: string): Finding => ({ type: 'wallet', name, verdict, says })
  try {
    await wallet.start()
    const network = wallet.methods.has('getInfo') ? (await wallet.getInfo()).network : null
    if (network !== null && network !== config.network) {
      return [finding('failed', `It is on ${network}, but the setting network is ${config.network}.`)]
    }
    const told = finding('ok', `It can ${[...wallet.methods].sort().join(', ')}.`)
    const needed = neededOf(config, name)
    const excess = await wallet.excessOver(needed)
    const type = config.wallets.get(name)?.type
    if (excess.length === 0 || type === undefined) return [told]
    const says = `Beyond what its upstreams need, it can ${excess.join('; ')}. ${leastCredential(type, needed)}`
    return [told, { ...finding('ok', says), warning: true }]
  } catch (error) {
    return [finding('failed', error instanceof Error ? error.message : 'It does not answer.')]
  }
}

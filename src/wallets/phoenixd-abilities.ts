/** What can this phoenixd do with this password? Asked of endpoints in ways that they refuse, so that nothing is done. */
import type { WalletHttp } from './http.js'
import { unusable } from './wallet-fault.js'

export interface PhoenixdAbilities {
  /** The password gives full access. */
  readonly spends: boolean
  /** Payments that leave can be looked up by their hash. */
  readonly tellsSent: boolean
  /** Payments that arrived can be listed. */
  readonly lists: boolean
}

/** @throws TollbridgeError `wallet-unusable` where an endpoint does not answer. */
export function createPhoenixdProbe(name: string, http: WalletHttp): () => Promise<PhoenixdAbilities> {
  const statusOf = async (method: 'GET' | 'POST', path: string): Promise<number> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const outcome = await http.send({ method, path, ...(method === 'POST' ? { headers, body: '' } : {}) })
    if (outcome.type === 'response') return outcome.status
    throw unusable(name, outcome.reason)
  }
  return async () => {
    const [pay, sent, list] = await Promise.all([
      // Without an invoice there is nothing to pay: full access is told that one is missing, limited access that it may not.
      statusOf('POST', '/payinvoice'),
      // No hash: an endpoint that exists refuses it, and one that does not is not found.
      statusOf('GET', '/payments/outgoingbyhash/none'),
      statusOf('GET', '/payments/incoming?limit=1'),
    ])
    return { spends: pay !== 401 && pay !== 403, tellsSent: sent === 400, lists: list === 200 }
  }
}

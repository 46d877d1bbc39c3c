/** How are customers asked for an invoice by which their money goes back? One way for each kind of destination. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import { isMalformed } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { Wallet } from '../ports.js'
import { admissibleRelays } from '../policies/reply-relays.js'
import { invoiceFromAddress } from '../settlement/lnurl-pay.js'
import type { Obstacle, RefundDesk } from '../steps/context.js'
import { parseNwcUri } from '../wallets/nwc-uri.js'
import { createNwcWallet } from '../wallets/nwc.js'

const DESCRIPTION = 'A refund'
const EXPIRY_SECONDS = 600
/** Of wallets that customers name, at one time. */
const MOST_WALLETS = 4
/** Of one such wallet: more are a crowd that we are to call. */
const MOST_RELAYS = 5

export function openRefunds({ network, relays: settings }: Config, adapters: Adapters): RefundDesk {
  const { inputWeb, relays, clock, log } = adapters
  const { read, write, allowPrivate } = settings
  const rules = { max: MOST_RELAYS, allowPrivate, own: new Set([...read, ...write]) }
  let open = 0

  async function invoiceFromWallet(uri: string, amountMsat: Msat): Promise<string | Obstacle> {
    const connection = parseNwcUri(uri)
    if (isMalformed(connection)) return { obstacle: "the customer's wallet connection cannot be read", final: true }
    const { relays: named } = connection
    if (named.length > MOST_RELAYS || !named.every((relay) => admissibleRelays([relay], rules).length === 1))
      return { obstacle: "the customer's wallet connection names relays that are not called", final: true }
    if (open >= MOST_WALLETS) return { obstacle: 'too many wallets are asked at once', final: false }
    open += 1
    const wallet: Wallet = createNwcWallet({ name: 'refund', uri, relayPool: relays, clock, log, network })
    try {
      await wallet.start()
      const made = await wallet.makeInvoice({ amountMsat, description: DESCRIPTION, expirySeconds: EXPIRY_SECONDS })
      return made.bolt11
    } catch {
      // What a customer's wallet says may quote its address.
      return { obstacle: "the customer's wallet gives no invoice", final: false }
    } finally {
      open -= 1
      await wallet.stop()
    }
  }

  return {
    async invoiceFrom(destination, amountMsat) {
      switch (destination.type) {
        case 'invoice':
          return destination.bolt11
        case 'wallet':
          return invoiceFromWallet(destination.uri, amountMsat)
        case 'address': {
          const given = await invoiceFromAddress(inputWeb, destination, amountMsat)
          return isMalformed(given) ? { obstacle: given.malformed, final: false } : given
        }
      }
    },
  }
}

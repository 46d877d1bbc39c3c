/** How does the embedded NWC wallet break the wallet contract? Each misbehaviour of the suite in NIP-47's terms. */
import type { NwcBehaviour } from '../../src/dev/nwc-behaviour.js'
import type { Misbehaviour } from './wallet-world.js'

const FOREIGN = 'ab'.repeat(32)

type Fields = Readonly<Record<string, unknown>>

/** Changes a transaction, a page of them, or what a payment is answered with. */
const altering = (alter: (fields: Fields) => Fields): NwcBehaviour => {
  const alterAll = (result: object): object => {
    const { transactions } = result as Fields
    return Array.isArray(transactions) ? { transactions: transactions.map(alterAll) } : alter(result as Fields)
  }
  return { tell: alterAll, tellNotified: alterAll }
}

const withPreimage = (preimage: string): NwcBehaviour =>
  altering((fields) => ('preimage' in fields ? { ...fields, preimage } : fields))

export function misbehaviourOfNwc(how: Misbehaviour): NwcBehaviour {
  switch (how) {
    case 'late':
      return { replies: 'never' }
    case 'twice':
      return { replies: 'twice', notifications: 'twice' }
    case 'otherHash':
      return altering((fields) => ({ ...fields, payment_hash: FOREIGN }))
    case 'wrongPreimage':
      return withPreimage(FOREIGN)
    case 'emptyPreimage':
      return withPreimage('')
  }
}

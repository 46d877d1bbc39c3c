/** How does a simulated LND lie? What it does is right; what it tells is late, comes twice, or is of another payment or preimage. */

/**
 * `late`: told when the lie ends. `twice`: each line of a stream comes twice. `otherHash`: about another payment. `wrongPreimage`,
 * `emptyPreimage`: instead of the right one.
 */
export type LndLie = 'late' | 'twice' | 'otherHash' | 'wrongPreimage' | 'emptyPreimage'

const OTHER = Buffer.from('ab'.repeat(31) + 'cd', 'hex')
const WRONG = Buffer.from('ee'.repeat(32), 'hex')
const ZERO = Buffer.alloc(32)

/** By the names of LND's fields, at any depth. */
export function distort(value: object, lie: LndLie | null): object {
  if (lie === null || lie === 'late' || lie === 'twice') return value
  return JSON.parse(JSON.stringify(value), (name, told: unknown) => {
    if (lie === 'otherHash') {
      if (name === 'r_hash') return OTHER.toString('base64')
      return name === 'payment_hash' ? OTHER.toString('hex') : told
    }
    if (name === 'r_preimage') return lie === 'wrongPreimage' ? WRONG.toString('base64') : ''
    if (name === 'payment_preimage') return (lie === 'wrongPreimage' ? WRONG : ZERO).toString('hex')
    return told
  }) as object
}

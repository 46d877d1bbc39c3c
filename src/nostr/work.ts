/** How much work does this event prove? (NIP-13) */
import { type Rumor } from '../core/event.js'

const HEX_BITS: Readonly<Record<string, number>> = { 0: 4, 1: 3, 2: 2, 3: 2, 4: 1, 5: 1, 6: 1, 7: 1 }

/** Leading zero bits of an id in hex. */
export function leadingZeroBits(id: string): number {
  let bits = 0
  for (const digit of id) {
    bits += HEX_BITS[digit] ?? 0
    if (digit !== '0') break
  }
  return bits
}

/**
 * The work that was meant: the target to which the nonce tag commits, where the id reaches it; 0 where it falls short, or commits to
 * nothing. A lucky id proves no more than was aimed at, or many cheap events would hold a dear one (NIP-13).
 */
export function provenWork({ id, tags }: Pick<Rumor, 'id' | 'tags'>): number {
  const target = tags.find(([name, , committed]) => name === 'nonce' && committed !== undefined)?.[2]
  if (target === undefined || !/^[0-9]{1,3}$/.test(target)) return 0
  return leadingZeroBits(id) >= Number(target) ? Number(target) : 0
}

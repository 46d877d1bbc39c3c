/** What may a payment cost beyond its invoice? Kept back before anything is agreed on, since NWC has no limit for fees. */
import { partRoundedUp, ZERO_MSAT, type Msat } from '../core/money.js'

/** What wallet services allow themselves, as a rule: one percent, and ten sats where that is more. */
const LEAST_ALLOWANCE = 10_000 as Msat
const HUNDREDTH = 100

/** What is kept for the fees of a payment of that amount; `maxFeeMsat` where the user has named it. */
export function feeAllowance(amountMsat: Msat, maxFeeMsat?: Msat): Msat {
  if (maxFeeMsat !== undefined) return maxFeeMsat
  const percent = partRoundedUp(amountMsat, HUNDREDTH)
  return percent > LEAST_ALLOWANCE ? percent : LEAST_ALLOWANCE
}

/** The highest price that can be paid out of so much, fees included. */
export function priceWithin(totalMsat: Msat, maxFeeMsat?: Msat): Msat {
  const fixed = totalMsat - feeAllowance(ZERO_MSAT, maxFeeMsat)
  if (fixed <= 0) return ZERO_MSAT
  const price = fixed as Msat
  if (feeAllowance(price, maxFeeMsat) <= totalMsat - price) return price
  // From here on a percent is more: the price is 100 parts of 101, and what that leaves over is not divided further.
  return (totalMsat - partRoundedUp(totalMsat, HUNDREDTH + 1)) as Msat
}

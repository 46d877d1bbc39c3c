/** How much do we stand for? Hold invoices that are out, and customers' money that is not spent yet. Counted as jobs change. */
import type { Exposure } from '../steps/context.js'
import { createHolds, type Holds } from './holds.js'
import type { Resale } from './resale.js'

/** `watch` is to be told of every change of a job, as a census is. */
export function createExposure(resale: Resale): Exposure & Holds {
  const holds = createHolds()
  return {
    ...holds,
    ...resale,
    watch(before, after) {
      holds.watch(before, after)
      resale.watch(before, after)
    },
  }
}

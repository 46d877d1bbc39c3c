/** What may be spent out of our own wallets, and how does money go back? The caps as they stood, and the desk for refunds. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import { createExposure } from '../engine/exposure.js'
import type { Holds } from '../engine/holds.js'
import { createResale } from '../engine/resale.js'
import type { Exposure, RefundDesk } from '../steps/context.js'
import { readSpending, writeSpending } from '../stores/spending-file.js'
import { openRefunds } from './refunds.js'

export interface Spending {
  readonly exposure: Exposure & Holds
  readonly refunds: RefundDesk
}

/** @throws TollbridgeError `store-corrupt` where what was spent cannot be read. */
export async function openSpending(config: Config, adapters: Adapters): Promise<Spending> {
  const { stateDirectory } = config
  const record = await readSpending(stateDirectory)
  const memory = { write: () => writeSpending(stateDirectory, record) }
  const resale = createResale({ record, memory, clock: adapters.clock })
  return { exposure: createExposure(resale), refunds: openRefunds(config, adapters) }
}

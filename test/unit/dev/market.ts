/** Who buys from whom? A customer, a merchant, and gateways that are closed after each test. */
import { afterAll, afterEach } from 'vitest'
import { startGateway, type Gateway } from '../../../src/dev/gateways/gateway.js'
import type { DialectName, GatewaySettings } from '../../../src/dev/gateways/settings.js'
import type { LightningNode } from '../../../src/dev/lightning/node.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'

/** To be called once at the top of a test file. */
export function useMarket() {
  const network = createSimulatedNetwork()
  const customer = network.createNode()
  const merchant = network.createNode()
  const opened: Gateway[] = []

  afterEach(async () => {
    for (const gateway of opened.splice(0)) await gateway.stop()
  })
  afterAll(() => network.stop())

  async function open(
    dialect: DialectName,
    settings: Partial<GatewaySettings> = {},
    node: LightningNode = merchant,
  ): Promise<Gateway> {
    const gateway = await startGateway({ dialect, node, settings })
    opened.push(gateway)
    return gateway
  }
  return { customer, open }
}

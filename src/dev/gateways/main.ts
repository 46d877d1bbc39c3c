/** How is a gateway had as a process of its own? With a simulated node inside, a control port, and one line of JSON on stdout. */
import { parseArgs } from 'node:util'
import { createSimulatedNetwork } from '../lightning/simulated.js'
import { startControl } from './control.js'
import { startGateway } from './gateway.js'
import { DEFAULT_SETTINGS, DIALECTS, isDialectName, type GatewaySettings } from './settings.js'

const { values } = parseArgs({
  options: {
    dialect: { type: 'string', default: 'toll-booth' },
    port: { type: 'string', default: '0' },
    'control-port': { type: 'string', default: '0' },
    /** `--set priceSats=5`, once per setting. */
    set: { type: 'string', multiple: true, default: [] },
  },
})

function parseSettings(pairs: readonly string[]): Partial<GatewaySettings> {
  const settings = pairs.map((pair) => {
    const [name = '', text = ''] = pair.split(/=(.*)/s)
    if (!Object.hasOwn(DEFAULT_SETTINGS, name)) throw new RangeError(`there is no setting ${name}`)
    return [name, name === 'serviceName' ? text : (JSON.parse(text) as unknown)] as const
  })
  return Object.fromEntries(settings)
}

if (!isDialectName(values.dialect)) throw new RangeError(`--dialect is one of ${DIALECTS.join(', ')}`)
const network = createSimulatedNetwork()
const node = network.createNode()
const gateway = await startGateway({
  dialect: values.dialect,
  node,
  port: Number(values.port),
  settings: parseSettings(values.set),
})
const control = await startControl({ gateway, network, port: Number(values['control-port']) })

const stop = () => {
  network.stop()
  void gateway.stop()
  void control.stop()
  if (process.connected) process.disconnect()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
// A parent that forked this process and died must not leave it behind.
process.once('disconnect', stop)

process.stdout.write(
  `${JSON.stringify({ url: gateway.url, controlUrl: control.url, dialect: gateway.dialect, nodeId: node.id })}\n`,
)

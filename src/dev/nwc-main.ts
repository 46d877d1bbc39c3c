/**
 * How does a wallet run as a process of its own? `node nwc-main.js --relay URL` starts a simulated node and a wallet service for it,
 * prints {"uri":…,"control":…} and runs until SIGTERM. The control, on loopback, lets a gateway and a payer share the node:
 * POST /invoice {amountMsat, description, expirySeconds} · POST /settle {paymentHash} · GET /counters
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { isMalformed } from '../core/identifiers.js'
import { parseMsat } from '../core/money.js'
import { createSimulatedNetwork } from './lightning/simulated.js'
import { startNwcWallet } from './nwc-wallet.js'
import type { NwcPermissions } from './nwc-methods.js'

const MAX_BODY_BYTES = 65_536

const { values } = parseArgs({
  options: {
    relay: { type: 'string' },
    permissions: { type: 'string', default: 'read' },
    port: { type: 'string', default: '0' },
  },
})
if (values.relay === undefined) throw new Error('--relay URL is needed')

const network = createSimulatedNetwork()
const node = network.createNode()
const wallet = await startNwcWallet({
  node,
  relayUrl: values.relay,
  permissions: values.permissions as NwcPermissions,
})

const routes: Readonly<Record<string, (body: Record<string, unknown>) => Promise<object>>> = {
  async 'POST /invoice'({ amountMsat, description, expirySeconds }) {
    const amount = parseMsat(amountMsat)
    if (isMalformed(amount)) throw new RangeError(amount.malformed)
    const { bolt11, paymentHash } = await node.makeInvoice({
      amountMsat: amount,
      description: typeof description === 'string' ? description : '',
      expirySeconds: typeof expirySeconds === 'number' ? expirySeconds : 3_600,
    })
    return { bolt11, paymentHash }
  },
  /** The time is taken before the notification is signed. */
  async 'POST /settle'({ paymentHash }) {
    const settledAtMs = Date.now()
    node.settle(String(paymentHash))
    return { settledAtMs }
  },
  'GET /counters': async () => wallet.counts,
}

const server = createServer((request, response) => void answer(request, response))
await new Promise<void>((resolve) => server.listen(Number(values.port), '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close()
    server.closeAllConnections()
    network.stop()
    void wallet.stop()
  })
}

console.log(JSON.stringify({ uri: wallet.uri, control: `http://127.0.0.1:${port}` }))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const send = (status: number, body: object): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }
  try {
    const route = routes[`${request.method} ${request.url}`]
    if (!route) return send(404, { error: 'no such path' })
    send(200, await route(await readBody(request)))
  } catch (error) {
    send(400, { error: error instanceof Error ? error.message : 'failed' })
  }
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > MAX_BODY_BYTES) throw new RangeError('the body is too long')
  }
  const value: unknown = text === '' ? {} : JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError('the body is a JSON object')
  return value as Record<string, unknown>
}

/** How does another process move a gateway? A second, private port: settle an invoice, read the counters, order a fault. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeInvoice } from '../lightning/sign-invoice.js'
import type { SimulatedNetwork } from '../lightning/simulated.js'
import { jsonAnswer, parseJsonObject, readRequest, writeAnswer, type Answer } from './answer.js'
import type { Fault, FaultPlace } from './faults.js'
import type { Gateway } from './gateway.js'
import { isTamperName } from './tampering.js'

export interface Control {
  readonly url: string
  stop(): Promise<void>
}

export interface ControlOptions {
  readonly gateway: Gateway
  readonly network: SimulatedNetwork
  readonly port?: number
}

/** Milliseconds since 1970 with a fraction: comparable between the processes of one machine. */
const preciseNow = (): number => performance.timeOrigin + performance.now()

export async function startControl({ gateway, network, port = 0 }: ControlOptions): Promise<Control> {
  const server = createServer((message, response) => {
    readRequest(message)
      .then((request) => {
        const route = `${request?.method} ${request?.path}`
        return answer({ gateway, network }, route, (request && parseJsonObject(request.body)) ?? {})
      })
      .catch((error: unknown) => jsonAnswer(409, { error: error instanceof Error ? error.message : 'failed' }))
      .then((made) => writeAnswer(response, made))
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** @throws with the reason where there is nothing to settle. */
function answer(
  { gateway, network }: Pick<ControlOptions, 'gateway' | 'network'>,
  route: string,
  fields: Record<string, unknown>,
): Answer {
  switch (route) {
    case 'POST /settle': {
      const { bolt11, paymentHash } = fields
      const hash = typeof bolt11 === 'string' ? decodeInvoice(bolt11).paymentHash : paymentHash
      if (typeof hash !== 'string') return jsonAnswer(400, { error: 'bolt11 or paymentHash is needed' })
      const settledAtMs = preciseNow()
      const { amountMsat } = network.settle(hash)
      return jsonAnswer(200, { paymentHash: hash, amountMsat, settledAtMs })
    }
    case 'GET /counters': {
      const { callsServed, ...counts } = gateway.counters
      return jsonAnswer(200, { ...counts, callsServed: callsServed.length, orders: gateway.api.orders })
    }
    case 'POST /price':
      gateway.setPrice(Number(fields['sats']))
      return jsonAnswer(200, {})
    case 'POST /fail': {
      const { fault, at = 'call', times = 1 } = fields
      gateway.failNext(fault as Fault, { at: at as FaultPlace, times: Number(times) })
      return jsonAnswer(200, {})
    }
    case 'POST /tamper': {
      const { name } = fields
      if (typeof name === 'string' && !isTamperName(name)) return jsonAnswer(400, { error: 'no such tampering' })
      gateway.tamper(typeof name === 'string' && isTamperName(name) ? name : null)
      return jsonAnswer(200, {})
    }
    default:
      return jsonAnswer(404, { error: 'no such command' })
  }
}

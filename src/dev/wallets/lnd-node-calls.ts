/** What does a simulated LND do besides invoices? It tells of itself, finds routes, pays, and knows what became of payments. */
import type { SimulatedNode } from '../lightning/simulated.js'
import { hashOfBase64, type LndBooks } from './lnd-books.js'
import { LndRefusal, NOT_FOUND, UNKNOWN, type LndEntry } from './lnd-call.js'
import { payByLnd } from './lnd-sending.js'

const DEFAULT_CLTV = 80

export interface NodeCallsParts {
  readonly node: SimulatedNode
  readonly books: LndBooks
  readonly network: string
  /** Nodes that it has a way to. */
  readonly reaches: (payee: string) => boolean
}

export function createNodeCalls({ node, books, network, reaches }: NodeCallsParts): readonly LndEntry[] {
  return [
    {
      method: 'GET',
      path: /^\/v1\/getinfo$/,
      permission: 'info:read',
      uri: 'lnrpc.Lightning/GetInfo',
      answer: () => ({
        version: '0.21.2-beta',
        identity_pubkey: node.id,
        block_height: node.blockHeight(),
        synced_to_chain: true,
        chains: [{ chain: 'bitcoin', network }],
      }),
    },
    {
      method: 'GET',
      path: /^\/v1\/graph\/routes\/([0-9a-f]{66})\/([0-9]+)$/,
      permission: 'info:read',
      uri: 'lnrpc.Lightning/QueryRoutes',
      answer({ parts: [payee = ''], query }) {
        if (!reaches(payee)) throw new LndRefusal(UNKNOWN, 'unable to find a path to destination')
        const final = Number(query.get('final_cltv_delta') ?? DEFAULT_CLTV)
        return { routes: [{ total_time_lock: node.blockHeight() + node.faults.routeBlocks + final, hops: [] }] }
      },
    },
    {
      method: 'POST',
      path: /^\/v2\/router\/send$/,
      permission: 'offchain:write',
      uri: 'routerrpc.Router/SendPaymentV2',
      stream: ({ body }, stream) => payByLnd(node, books, body, stream),
    },
    {
      method: 'GET',
      path: /^\/v2\/router\/track\/([A-Za-z0-9_=-]+)$/,
      permission: 'offchain:read',
      uri: 'routerrpc.Router/TrackPaymentV2',
      stream({ parts: [hash = ''] }, stream) {
        const payment = books.payment(hashOfBase64(hash))
        if (!payment) throw new LndRefusal(NOT_FOUND, "payment isn't initiated")
        stream.send(payment)
        if (payment['status'] !== 'IN_FLIGHT') stream.end()
      },
    },
  ]
}

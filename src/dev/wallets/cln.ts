/** What does Core Lightning say over clnrest? A simulated node behind its commands: runes, numbered changes, and the hold plugin. */
import { createHash, randomBytes } from 'node:crypto'
import { isMalformed } from '../../core/identifiers.js'
import { parseRune, type Rune } from '../../wallets/cln-rune.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import { createClnCommands, type ClnCommands } from './cln-commands.js'
import { RpcError } from './cln-rpc.js'
import { startWire, type Wire, type WireAnswer, type WireRequest } from './wire.js'

export interface ClnServiceOptions {
  readonly node: SimulatedNode
  /** Restrictions of the rune as createrune writes them, `method=getinfo|method=listinvoices`; default: none, it may do everything. */
  readonly restrictions?: readonly string[]
  /** Commands that this node does not have: the hold plugin's, xpay of older nodes. */
  readonly lacks?: readonly string[]
  /** Whether the plugin cancels a hold invoice that nobody has paid yet; default: it says that there is none. */
  readonly cancelsOpen?: boolean
  /** Amounts as `1000msat`, the way of older nodes. */
  readonly amountsInWords?: boolean
  /** Ids of the nodes that a route leads to. */
  readonly peers?: readonly string[]
}

export interface ClnService extends Wire {
  /** A secret. */
  readonly rune: string
}

/** A rune of this text is good at every simulated node that was given it; its code proves nothing. */
export const createRuneText = (restrictions: readonly string[] = []): string =>
  Buffer.concat([randomBytes(32), Buffer.from(['=0', ...restrictions].join('&'))]).toString('base64url')

/** To be stopped; the node is not. */
export async function startCln(options: ClnServiceOptions): Promise<ClnService> {
  const { node, restrictions = [], lacks = [] } = options
  const rune = createRuneText(restrictions)
  const allowed = readRune(rune)
  const commands: ClnCommands = createClnCommands(node, {
    cancelsOpen: options.cancelsOpen ?? false,
    amountsInWords: options.amountsInWords ?? false,
    peers: options.peers ?? [],
  })

  async function answer(request: WireRequest): Promise<WireAnswer> {
    const command = /^\/v1\/([a-z-]+)$/.exec(request.path)?.[1] ?? ''
    const given = request.headers['rune']
    if (typeof given !== 'string') return refusal(403, 1501, 'Not authorized: Missing rune')
    if (!isSame(given, rune)) return refusal(401, 1501, 'Not authorized: Not derived from master')
    if (!allowed.allows(command)) return refusal(401, 1502, 'Not permitted: method not allowed')
    const run = lacks.includes(command) ? undefined : commands.table[command]
    if (!run) return refusal(404, -32601, `Unknown command '${command}'`)
    try {
      // GET is answered too, and its query is not read: the way of the real one.
      const parameters = request.method === 'GET' || request.body === '' ? {} : (JSON.parse(request.body) as object)
      return { status: 201, body: await run(parameters as Record<string, unknown>) }
    } catch (error) {
      if (error instanceof RpcError) return refusal(500, error.code, error.message)
      throw error
    }
  }

  const wire = await startWire({ answer, onStop: [() => commands.stop()] })
  return Object.assign(wire, { rune })
}

function readRune(text: string): Rune {
  const rune = parseRune(text)
  if (isMalformed(rune)) throw new Error(rune.malformed)
  return rune
}

const refusal = (status: number, code: number, message: string): WireAnswer => ({ status, body: { code, message } })

const digest = (text: string): string => createHash('sha256').update(text).digest('hex')
const isSame = (a: string, b: string): boolean => digest(a) === digest(b)

/** What is sold behind the gateways? A small API whose answers are predictable and whose executions are counted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { jsonAnswer, parseJsonObject, textAnswer, type Answer, type GateRequest } from './answer.js'

export interface Api {
  /** `signal` ends what is slow. */
  answer(request: GateRequest, signal: AbortSignal): Promise<Answer>
  /** Orders placed so far: each POST /orders is one, also a repeated one. */
  readonly orders: number
}

const MAX_BYTES = 64 * 1_048_576
const JOKE = 'Why did the satoshi cross the bridge? To be settled on the other side.'

/**
 * GET /joke, /echo?…, /bytes/N, /binary and /binary/N, /escaped/N, /stream?pieces=&ms=, /slow?ms=, /status/NNN, and POST /orders. Paths below /free/ are the same ones; a gateway
 * lets them pass.
 */
export function createSmallApi(): Api {
  let orders = 0
  return {
    get orders() {
      return orders
    },
    async answer(request, signal) {
      const { method, query } = request
      const [, name = '', argument = ''] = request.path.replace(/^\/free(?=\/)/, '').split('/')
      switch (name) {
        case 'joke':
          return jsonAnswer(200, { joke: JOKE })
        case 'echo':
          return jsonAnswer(200, { method, query: Object.fromEntries(query), body: request.body.toString('utf8') })
        case 'bytes':
          return textAnswer(200, 'x'.repeat(Math.min(wholeNumber(argument), MAX_BYTES)))
        case 'binary':
          return binaryAnswer(argument === '' ? 256 : Math.min(wholeNumber(argument), MAX_BYTES))
        case 'escaped':
          return textAnswer(200, '"\\\n\u0001'.repeat(Math.min(wholeNumber(argument), MAX_BYTES) / 4))
        case 'stream':
          return streamAnswer(wholeNumber(query.get('pieces')), wholeNumber(query.get('ms')), signal)
        case 'slow':
          await sleep(wholeNumber(query.get('ms')), undefined, { signal })
          return jsonAnswer(200, { waitedMs: wholeNumber(query.get('ms')) })
        case 'status':
          return jsonAnswer(statusCode(argument), { status: statusCode(argument) })
        case 'orders': {
          if (method !== 'POST') return jsonAnswer(405, { error: 'orders are placed by POST' }, { Allow: 'POST' })
          const order = parseJsonObject(request.body)
          if (!order) return jsonAnswer(400, { error: 'an order is a JSON object' })
          orders += 1
          return jsonAnswer(201, { order, number: orders })
        }
        default:
          return jsonAnswer(404, { error: 'no such page' })
      }
    },
  }
}

/** Every byte, again and again, and never twice in the same order: no valid UTF-8, and hardly to be compressed. */
const binaryAnswer = (length: number): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'application/octet-stream' },
  body: Uint8Array.from({ length }, (_, i) => (i ^ ((i >> 8) * 167)) & 0xff),
})

/** Lines of text, with a pause before each. */
const streamAnswer = (pieces: number, ms: number, signal: AbortSignal): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'text/event-stream' },
  body: '',
  pieces: (async function* () {
    for (let piece = 1; piece <= pieces; piece += 1) {
      await sleep(ms, undefined, { signal })
      yield `data: piece ${piece} of ${pieces}\n\n`
    }
  })(),
})

const wholeNumber = (text: string | null): number => (/^[0-9]{1,9}$/.test(text ?? '') ? Number(text) : 0)

const statusCode = (text: string): number => {
  const code = wholeNumber(text)
  return code >= 200 && code <= 599 ? code : 404
}

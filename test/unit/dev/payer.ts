/** How does a customer of an L402 server get its answer? The least that can: read the 402, pay, ask again. */
import { request, type Dispatcher } from 'undici'
import type { LightningNode } from '../../../src/dev/lightning/node.js'

export interface Heard {
  readonly status: number
  /** Lower-case names; several lines of one name stay several values. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly text: string
  readonly json: () => Record<string, unknown>
}

export interface Asked {
  readonly method?: Dispatcher.HttpMethod
  readonly headers?: Record<string, string | string[]>
  readonly body?: string
}

export async function ask(url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Heard> {
  const response = await request(url, { method, headers, ...(body === undefined ? {} : { body }) })
  const text = await response.body.text()
  const lines = Object.entries(response.headers).map(([name, value]) => [
    name,
    value === undefined ? [] : [value].flat(),
  ])
  return {
    status: response.statusCode,
    headers: Object.fromEntries(lines) as Heard['headers'],
    text,
    json: () => JSON.parse(text) as Record<string, unknown>,
  }
}

export interface Challenged {
  readonly token: string
  readonly bolt11: string
}

/** From the first header line, else from the body. */
export function challengeOf({ headers, text }: Heard): Challenged {
  const source = headers['www-authenticate']?.[0] ?? text
  const find = (names: string) => new RegExp(`(?:${names})"?[=:]"([^"]+)"`).exec(source)?.[1] ?? ''
  return { token: find('token|macaroon'), bolt11: find('invoice|bolt11') }
}

/** Asks, pays what is asked, and says what to ask again with. */
export async function buy(url: string, payer: LightningNode, asked: Asked = {}, scheme = 'L402') {
  const challenged = challengeOf(await ask(url, asked))
  const { preimage } = await payer.pay(challenged.bolt11)
  return { ...challenged, preimage, authorization: `${scheme} ${challenged.token}:${preimage}` }
}

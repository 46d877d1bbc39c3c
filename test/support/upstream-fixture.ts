/** What does a call need to be tested? A client towards a real server on loopback, and an end for both after each test. */
import { readFileSync } from 'node:fs'
import { afterEach } from 'vitest'
import { createUpstreamClient, type UpstreamClientSettings } from '../../src/l402/client.js'
import type { UpstreamClient, UpstreamOutcome, UpstreamRequest } from '../../src/ports.js'
import { startHttp, type Answer, type HttpFixture } from './http-fixture.js'

const pem = (name: string): string => readFileSync(new URL(`../fixtures/tls/${name}.pem`, import.meta.url), 'utf8')
/** Self-signed, for localhost and one onion name. */
export const TLS = { key: pem('localhost-key'), cert: pem('localhost-cert') }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
/** Stopped after the test, the last one first. */
export const kept = <T extends { stop(): Promise<void> }>(thing: T): T => {
  stops.push(() => thing.stop())
  return thing
}

export const clientOf = (origin: string, over: Partial<UpstreamClientSettings> = {}): UpstreamClient =>
  kept(
    createUpstreamClient({
      name: 'api',
      origin,
      connectTimeoutMs: 2_000,
      headersTimeoutMs: 2_000,
      bodyTimeoutMs: 2_000,
      totalTimeoutMs: 5_000,
      maxRequestBytes: 1_000,
      maxResponseBytes: 1_000,
      allowRequestHeaders: [],
      allowResponseHeaders: [],
      ...over,
    }),
  )

export const serve = async (answer: Answer, over: Partial<UpstreamClientSettings> = {}) => {
  const http: HttpFixture = kept(await startHttp(answer))
  return { http, client: clientOf(`http://127.0.0.1:${http.port}`, over) }
}
export const hello: Answer = (response) => response.end('hello')
export const request = (over: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'GET',
  target: '/joke',
  headers: {},
  body: null,
  ...over,
})
export const text = (outcome: UpstreamOutcome): string =>
  outcome.type === 'response' ? Buffer.from(outcome.body).toString() : `${outcome.type}`

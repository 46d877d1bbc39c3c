/** What would an API answer? An UpstreamClient that answers by script, and remembers what it was asked. */
import type { UpstreamClient, UpstreamOutcome, UpstreamRequest } from '../../src/ports.js'

type Answer = UpstreamOutcome | Promise<UpstreamOutcome>

export interface ScriptedUpstream extends UpstreamClient {
  readonly requests: UpstreamRequest[]
  /** What it answers, one after another; the last for ever. */
  script(...answers: (Answer | ((request: UpstreamRequest) => Answer))[]): void
}

export const answer = (status: number, body = '', headers: Record<string, string> = {}): UpstreamOutcome => ({
  type: 'response',
  status,
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
  body: Buffer.from(body),
})

export const jsonAnswer = (body: object, status = 200): UpstreamOutcome =>
  answer(status, JSON.stringify(body), { 'content-type': 'application/json' })

export function createScriptedUpstream(name = 'api', origin = 'https://api.test'): ScriptedUpstream {
  const requests: UpstreamRequest[] = []
  let answers: Parameters<ScriptedUpstream['script']> = [answer(200, 'fine')]
  return {
    name,
    requests,
    script: (...given) => void (answers = given),
    async send(request) {
      requests.push(request)
      const next = (answers.length > 1 ? answers.shift() : answers[0]) ?? answer(200)
      return typeof next === 'function' ? next(request) : next
    },
    sameOriginTarget(reference) {
      const url = URL.canParse(reference, origin) ? new URL(reference, origin) : null
      return url?.origin === origin ? `${url.pathname}${url.search}` : null
    },
    stop: async () => undefined,
  }
}

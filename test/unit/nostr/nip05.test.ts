/** Is a name believed only when its own domain says so? */
import { expect, it } from 'vitest'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { isNamedBy } from '../../../src/nostr/nip05.js'
import type { WebClient, WebOutcome, WebRequest } from '../../../src/ports.js'

const key = 'ab'.repeat(32) as Pubkey
const answering = (body: unknown, status = 200): WebClient & { asked: WebRequest[] } => {
  const asked: WebRequest[] = []
  const outcome: WebOutcome = { type: 'response', status, headers: {}, body: Buffer.from(JSON.stringify(body)) }
  return { asked, send: async (request) => (asked.push(request), outcome), stop: async () => undefined }
}

it('asks the domain itself, and follows it nowhere else', async () => {
  const web = answering({ names: { bob: key } })
  expect(await isNamedBy(web, 'Bob@Example.com', key)).toBe(true)
  expect(web.asked).toMatchObject([{ url: 'https://example.com/.well-known/nostr.json?name=bob' }])
  expect(web.asked[0]?.redirects).toBeUndefined()
})

it.each<[string, string, unknown, number]>([
  ['names another key', 'bob@example.com', { names: { bob: 'cd'.repeat(32) } }, 200],
  ['names others', 'bob@example.com', { names: { eve: key } }, 200],
  ['knows no names', 'bob@example.com', { names: null }, 200],
  ['sends elsewhere', 'bob@example.com', { names: { bob: key } }, 302],
  ['is asked for something inherited', 'constructor@example.com', { names: {} }, 200],
  ['is no domain', 'bob@example.com/evil', { names: { bob: key } }, 200],
  ['is named twice', 'bob@example.com@evil.com', { names: { bob: key } }, 200],
])('does not believe a domain that %s', async (_, address, body, status) => {
  expect(await isNamedBy(answering(body, status), address, key)).toBe(false)
})

/** Does a credential come back to the public in the answer that it bought? */
import { expect, it } from 'vitest'
import { withoutCredential } from '../../../src/l402/credential.js'
import { request, serve, text } from '../../support/upstream-fixture.js'

const TOKEN = 'AgEEbHNhdAJCAAA/kP+x=='
const PREIMAGE = '0123456789abcdef'.repeat(4)
const AUTHORIZATION = `L402 ${TOKEN}:${PREIMAGE}`
const STARS = `L402 ${'*'.repeat(TOKEN.length)}:${'*'.repeat(64)}`

it('strikes out what a server repeats of the credential, and passes on the rest', async () => {
  const { client } = await serve((response, { headers }) => response.end(JSON.stringify({ ok: 'é', headers })))
  const answer = text(await client.send(request({ authorization: AUTHORIZATION })))
  expect(JSON.parse(answer)).toMatchObject({ ok: 'é', headers: { authorization: STARS } })
})

it.each([
  ['as some write JSON', TOKEN.replaceAll('/', '\\/')],
  ['as a part of a URL', encodeURIComponent(TOKEN)],
  ['the preimage alone', PREIMAGE],
])('knows it %s, and keeps the length', (_how, said) => {
  const masked = Buffer.from(withoutCredential(Buffer.from(`\u0000ü ${said} ${said}.`), AUTHORIZATION)).toString()
  expect(masked).toBe(`\u0000ü ${'*'.repeat(said.length)} ${'*'.repeat(said.length)}.`)
})

it('leaves an answer alone that does not repeat it, and words that a short token is made of', () => {
  const body = Buffer.from('a customer asked for \u00ff')
  expect(withoutCredential(body, AUTHORIZATION)).toBe(body)
  expect(withoutCredential(body, 'L402 customer:0')).toBe(body)
})

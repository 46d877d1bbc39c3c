/** A credential is struck out of an answer in pieces, wherever the pieces were cut. */
import { describe, expect, it } from 'vitest'
import { withoutCredential } from '../../../src/l402/credential.js'
import { maskPieces } from '../../../src/l402/mask-pieces.js'

const TOKEN = 'AgEEbHNhdA/xyz+0123456789=='
const PREIMAGE = '0011'.repeat(16)
const AUTHORIZATION = `L402 ${TOKEN}:${PREIMAGE}`

function inPieces(body: string, size: number): string {
  const told: Buffer[] = []
  const take = maskPieces(AUTHORIZATION, (piece) => void told.push(Buffer.from(piece)))
  for (let from = 0; from < body.length; from += size) take(Buffer.from(body.slice(from, from + size)))
  return Buffer.concat(told).toString()
}

describe('a body in pieces', () => {
  const said = [TOKEN, PREIMAGE, TOKEN.replaceAll('/', '\\/'), encodeURIComponent(TOKEN)]
  it.each([1, 2, 3, 7, 16, 64, 1_000])('of %i bytes tells nothing that the whole would not', (size) => {
    const body = `You sent ${said.join(' and ')}. 00110011 AgEEbHNhdA twice: ${PREIMAGE}${PREIMAGE}!`
    const whole = withoutCredential(Buffer.from(body), AUTHORIZATION).toString()
    expect(inPieces(body, size)).toBe(Buffer.from(withoutCredential(Buffer.from(body), AUTHORIZATION)).toString())
    expect(said.some((secret) => whole.includes(secret))).toBe(false)
  })

  it('is passed on at once where it cannot be the beginning of a credential', () => {
    const told: string[] = []
    const take = maskPieces(AUTHORIZATION, (piece) => void told.push(Buffer.from(piece).toString()))
    take(Buffer.from('data: hello\n\n'))
    take(Buffer.from('data: AgEEb'))
    take(Buffer.from('asta\n\n'))
    expect(told).toEqual(['data: hello\n\n', 'data: ', 'AgEEbasta\n\n'])
  })
})

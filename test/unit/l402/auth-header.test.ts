import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseChallenges } from '../../../src/l402/auth-header.js'

/** `scheme token68 name=value …`, one line each. */
const read = (...lines: string[]): string[] => {
  const challenges = parseChallenges(lines)
  if (isMalformed(challenges)) throw new Error(challenges.malformed)
  return challenges.map(({ scheme, token68, params }) =>
    [scheme, ...(token68 === null ? [] : [token68]), ...params.map(([name, value]) => `${name}=${value}`)].join(' '),
  )
}

describe('parseChallenges', () => {
  it.each<[about: string, line: string, expected: string[]]>([
    ['one challenge', 'L402 macaroon="M", invoice="I"', ['L402 macaroon=M invoice=I']],
    [
      'no comma between parameters',
      'L402 version="0" token="T.x", invoice="I"',
      ['L402 version=0 token=T.x invoice=I'],
    ],
    ['no blanks at all', 'L402 macaroon="M",invoice="I"', ['L402 macaroon=M invoice=I']],
    ['many blanks and commas', ' ,, L402   macaroon = "M" ,\t, invoice= "I",, ', ['L402 macaroon=M invoice=I']],
    ['single quotes', "L402 macaroon='M', invoice='I'", ['L402 macaroon=M invoice=I']],
    ['bare values', 'L402 macaroon=AgE/x+y==, invoice=lnbc1', ['L402 macaroon=AgE/x+y== invoice=lnbc1']],
    ['bare values after a blank', 'L402 token= AgE==, invoice = lnbc1', ['L402 token=AgE== invoice=lnbc1']],
    ['an empty value', 'L402 macaroon="M", invoice=""', ['L402 macaroon=M invoice=']],
    ['an empty bare value', 'L402 version=0, invoice=, macaroon="M"', ['L402 version=0 invoice= macaroon=M']],
    ['an empty value and then a name', 'L402 version=0, invoice= macaroon="M"', ['L402 version=0 invoice= macaroon=M']],
    ['escapes', 'Basic realm="a \\"b\\" \\\\c", x=1', ['Basic realm=a "b" \\c x=1']],
    [
      'commas and schemes inside quotes',
      'Basic realm="x, L402 macaroon=1", y=2',
      ['Basic realm=x, L402 macaroon=1 y=2'],
    ],
    ['names without case', 'L402 Macaroon="M", INVOICE="I"', ['L402 macaroon=M invoice=I']],
    ['a scheme without case', 'l402 macaroon="M"', ['l402 macaroon=M']],
    ['a token68', 'L402 price-only', ['L402 price-only']],
    ['a padded token68', 'Negotiate YII/a+b==, L402 macaroon="M"', ['Negotiate YII/a+b==', 'L402 macaroon=M']],
    [
      'schemes joined by commas',
      'L402 macaroon="M", invoice="I", Payment id="1", realm="r"',
      ['L402 macaroon=M invoice=I', 'Payment id=1 realm=r'],
    ],
    [
      'schemes joined by blanks',
      'LSAT macaroon="M" L402 macaroon="N" Payment id="1"',
      ['LSAT macaroon=M', 'L402 macaroon=N', 'Payment id=1'],
    ],
    ['schemes without parameters', 'Negotiate, NTLM, L402 macaroon="M"', ['Negotiate', 'NTLM', 'L402 macaroon=M']],
    ['a scheme without parameters before a blank', 'Negotiate L402 macaroon="M"', ['Negotiate', 'L402 macaroon=M']],
    ['one name twice', 'L402 invoice="a", invoice="b"', ['L402 invoice=a invoice=b']],
    ['a quote that never ends', 'L402 macaroon="M", invoice="lnbc', ['L402 macaroon=M invoice=lnbc']],
    ['a backslash at the end', 'L402 a="b\\', ['L402 a=b\\']],
    ['parameters of nobody', 'macaroon="M", invoice="I"', []],
    ['signs that belong to nothing', '==;;L402 a="b" @ "loose" c=d', ['L402 a=b', 'loose c=d']],
    ['nothing', '', []],
    ['commas', ',,,', []],
  ])('reads %s', (_, line, expected) => {
    expect(read(line)).toEqual(expected)
  })

  it('reads several lines one after the other, and no parameter crosses from one to the next', () => {
    expect(read('LSAT macaroon="M"', 'invoice="I"', 'L402 macaroon="M"')).toEqual([
      'LSAT macaroon=M',
      'L402 macaroon=M',
    ])
  })

  it('refuses more than 64 KiB in all', () => {
    expect(parseChallenges(['L402 a="', 'x'.repeat(65_536)])).toHaveProperty('malformed')
    expect(parseChallenges(['x'.repeat(65_536)])).not.toHaveProperty('malformed')
  })

  it.each([
    ['schemes', 'a '],
    ['empty parameters', 'a='],
    ['quotes', '"'],
    ['single quotes', "'"],
    ['open quotes', 'a="b'],
    ['backslashes', '\\'],
    ['blanks', ' '],
    ['tabs and letters', '\ta'],
    ['equals signs', '='],
    ['parameters', 'a="",'],
    ['bare values', 'a=b '],
    ['letters', 'a'],
  ])('reads 64 KiB of %s in linear time', (_, unit) => {
    const line = `L402 ${unit.repeat(65_000 / unit.length)}`
    const began = performance.now()
    parseChallenges([line])
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

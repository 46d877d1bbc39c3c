import { describe, expect, it } from 'vitest'
import { isFault } from '../../../src/core/errors.js'
import { canonicalPath, canonicalQuery, compileRoute } from '../../../src/l402/path.js'

describe('canonicalPath', () => {
  it.each([
    ['/', '/'],
    ['/joke', '/joke'],
    ['/joke/', '/joke/'],
    ['/a/b.c/d~e', '/a/b.c/d~e'],
    ['/@user/~x', '/@user/~x'],
    ['/a:b,c;d=e', '/a:b,c;d=e'],
    ['/%6aoke', '/joke'],
    ['/a%2Eb', '/a.b'],
    ['/%7euser', '/~user'],
    ['/sm%c3%b6rg%c3%A5s', '/sm%C3%B6rg%C3%A5s'],
    ['/smörgås', '/sm%C3%B6rg%C3%A5s'],
    ['/a b', '/a%20b'],
    ['/a%20b', '/a%20b'],
    ['/a"<>^`{|}b', '/a%22%3C%3E%5E%60%7B%7C%7Db'],
    ['/a%3bb', '/a%3Bb'],
    ['/a%3fb%23c', '/a%3Fb%23c'],
    ['/...', '/...'],
    ['/.hidden', '/.hidden'],
    ['/😀', '/%F0%9F%98%80'],
  ])('writes %s as %s', (raw, canonical) => {
    expect(canonicalPath(raw)).toBe(canonical)
    expect(canonicalPath(canonical)).toBe(canonical)
    expect(new URL(canonical, 'https://api.example').pathname).toBe(canonical)
  })

  it.each([
    ['', 'nothing'],
    ['joke', 'no slash'],
    ['*', 'the asterisk form'],
    ['https://evil.example/joke', 'an absolute URL'],
    ['//evil.example/joke', 'a scheme-relative URL'],
    ['@evil.example/joke', 'an authority glued to the origin'],
    ['.evil.example/joke', 'a host name glued to the origin'],
    [':80@evil.example/', 'a port and an authority'],
    ['/a//b', 'an empty segment'],
    ['/\\evil.example', 'a backslash'],
    ['/a\\..\\b', 'backslashes'],
    ['/a%5cb', 'an encoded backslash'],
    ['/a%2fb', 'an encoded slash'],
    ['/a%2Fb', 'an encoded slash in upper case'],
    ['/.', 'a dot'],
    ['/..', 'two dots'],
    ['/a/../b', 'two dots inside'],
    ['/a/./b', 'a dot inside'],
    ['/a/%2e%2e/b', 'encoded dots'],
    ['/a/.%2E/b', 'half encoded dots'],
    ['/a/%2e/b', 'an encoded dot'],
    ['/a/..;/b', 'dots with a path parameter'],
    ['/a/..;x=1/b', 'dots with a path parameter and a value'],
    ['/a/..%3b/b', 'dots with an encoded path parameter'],
    ['/a/%252e%252e/b', 'dots encoded twice'],
    ['/a%252fb', 'a slash encoded twice'],
    ['/100%25', 'an encoded percent sign'],
    ['/a%00b', 'an encoded NUL'],
    ['/a%0d%0aX-Evil:1', 'an encoded line break'],
    ['/a%7f', 'an encoded DEL'],
    ['/a\r\nHost: evil', 'a line break'],
    ['/a\tb', 'a tab, which a URL parser drops'],
    ['/\t/evil.example', 'a tab between slashes'],
    ['/a\0b', 'NUL'],
    ['/a\x7fb', 'DEL'],
    ['/a?b', 'a query'],
    ['/a#b', 'a fragment'],
    ['/a%', 'a lone percent sign'],
    ['/a%2', 'half an encoding'],
    ['/a%zz', 'an encoding of nothing'],
    ['/a%ff', 'a byte that is no UTF-8'],
    ['/a%c0%af', 'an overlong slash'],
    ['/a%c0%ae%c0%ae/b', 'overlong dots'],
    ['/a\ud800b', 'half a surrogate pair'],
    [`/${'a'.repeat(2048)}`, 'too many characters'],
    [`/${'ö'.repeat(1000)}`, 'too many characters once encoded'],
  ])('refuses %j: %s', (raw) => {
    expect(canonicalPath(raw)).toHaveProperty('malformed')
  })
})

describe('canonicalQuery', () => {
  it.each([
    ['', ''],
    ['a=1&b=2', 'a=1&b=2'],
    ['a=b c', 'a=b%20c'],
    ['q=%c3%b6&r=%2f', 'q=%C3%B6&r=%2F'],
    ['q=ö', 'q=%C3%B6'],
    [`q='"<>`, 'q=%27%22%3C%3E'],
    ['a=1?b/c', 'a=1?b/c'],
    ['a=\\', 'a=%5C'],
    ['a=+', 'a=+'],
  ])('writes %s as %s', (raw, canonical) => {
    expect(canonicalQuery(raw)).toBe(canonical)
    expect(canonicalQuery(canonical)).toBe(canonical)
    expect(new URL(`/?${canonical}`, 'https://api.example').search).toBe(canonical === '' ? '' : `?${canonical}`)
  })

  it.each(['a#b', 'a\nb', 'a\0', 'a=%', 'a=%g1', '\ud800', 'a'.repeat(4097)])('refuses %j', (raw) => {
    expect(canonicalQuery(raw)).toHaveProperty('malformed')
  })
})

describe('compileRoute', () => {
  it.each([
    ['/joke', ['/joke'], ['/joke/', '/jokes', '/', '/joke/1', '/JOKE']],
    ['/', ['/'], ['/joke']],
    ['/v1/*/x', ['/v1/a/x', '/v1/%20/x'], ['/v1/x', '/v1//x', '/v1/a/b/x', '/v1/a/x/', '/v2/a/x']],
    ['/v1/*', ['/v1/a'], ['/v1', '/v1/', '/v1/a/b']],
    ['/v1/**', ['/v1/', '/v1/a', '/v1/a/b/'], ['/v1', '/v10', '/']],
    ['/*/b/**', ['/a/b/', '/a/b/c/d'], ['/a/b', '/a/c/d', '/b/c']],
    ['/**', ['/', '/a', '/a/b'], []],
    ['/smörgås', ['/sm%C3%B6rg%C3%A5s'], ['/smorgas']],
    ['/a.b', ['/a.b'], ['/axb']],
    ['/(a|b)+', ['/(a%7Cb)+'], ['/a', '/b']],
  ])('%s', (pattern, allowed, refused) => {
    const matches = compileRoute(pattern)
    for (const path of allowed) expect([path, matches(path)]).toEqual([path, true])
    for (const path of refused) expect([path, matches(path)]).toEqual([path, false])
  })

  it.each(['joke', '', '/a*', '/a/**/b', '/a/***', '/**a', '/../a', '/a//b', '/a?b=1', 'https://api.example/joke'])(
    'does not compile %j',
    (pattern) => {
      try {
        compileRoute(pattern)
      } catch (error) {
        expect(isFault(error, 'config-invalid')).toBe(true)
        return
      }
      throw new Error('compiled')
    },
  )

  it.each([
    ['/api/*', '/api/a%2fb'],
    ['/api/*', '/api/..'],
    ['/api/**', '/api/../admin'],
    ['/api/**', '/api/%2e%2e/admin'],
    ['/api/**', '/api/..;/admin'],
    ['/api/**', '/api/%252e%252e/admin'],
    ['/api/**', '/api/..%5cadmin'],
    ['/api/**', '//evil.example/api/x'],
    ['/api/**', '/api/\\..\\admin'],
  ])('%s lets no spelling of another path in: %s', (pattern, raw) => {
    const path = canonicalPath(raw)
    expect(typeof path === 'string' && compileRoute(pattern)(path)).toBe(false)
  })
})

import { describe, expect, it } from 'vitest'
import { isPathPattern } from '../../../src/config/fields.js'
import { isLocalHost, isOnionHost, isPublicHost } from '../../../src/core/hosts.js'
import { compileRoute } from '../../../src/l402/path.js'
import { nearestName } from '../../../src/config/nearest.js'

const hostOf = (url: string): string => new URL(url).hostname

describe('hosts', () => {
  it.each([
    'http://localhost',
    'http://api.localhost',
    'http://127.0.0.1',
    'http://127.9.9.9',
    'http://[::1]',
    'http://0x7f.1',
    'http://[::ffff:127.0.0.1]',
  ])('%s is this machine', (url) => expect(isLocalHost(hostOf(url))).toBe(true))
  it.each(['http://localhost.example.com', 'http://10.0.0.1', 'http://api', 'http://[fe80::1]', 'http://0.0.0.0'])(
    '%s is not',
    (url) => expect(isLocalHost(hostOf(url))).toBe(false),
  )
  it.each([
    'http://example.com',
    'http://8.8.8.8',
    'http://[2606:4700::1111]',
    'http://abcdef.onion',
    'http://example.com.',
  ])('%s is public', (url) => expect(isPublicHost(hostOf(url))).toBe(true))
  it.each([
    'http://10.1.2.3',
    'http://172.31.0.1',
    'http://192.168.0.1',
    'http://169.254.169.254',
    'http://100.64.0.1',
    'http://0.0.0.0',
    'http://[fc00::1]',
    'http://[fe80::1]',
    'http://[::]',
    'http://[::ffff:10.0.0.1]',
    'http://api',
    'http://router.lan',
    'http://printer.local.',
    'http://2130706433',
  ])('%s is not public', (url) => expect(isPublicHost(hostOf(url))).toBe(false))
  it('knows an onion by its end', () => {
    expect(isOnionHost('abc.onion')).toBe(true)
    expect(isOnionHost('abc.onion.')).toBe(true)
    expect(isOnionHost('onion.example.com')).toBe(false)
  })
})

describe('path patterns', () => {
  it.each(['/', '/v1', '/v1/', '/v1/*', '/*/v1', '/**', '/v1/**', '/a%20b', '/a.b~c/:id@x', '/v1/*/x/**'])(
    '%s is one',
    (path) => expect(isPathPattern(path)).toBe(true),
  )
  it.each(['/', '/v1/', '/*', '/v1/**', '/a%20b/*', '/%41'])('%s can be compiled into a route', (path) => {
    expect(isPathPattern(path)).toBe(true)
    expect(compileRoute(path)).toBeTypeOf('function')
  })
  it.each([
    '/a%2Fb',
    '/a%25',
    '/..;/admin',
    '/%FF',
    '',
    'v1',
    '//',
    '/a//b',
    '/**/a',
    '/a*',
    '/***',
    '/../a',
    '/a/.',
    '/a?b',
    '/a#b',
    '/a b',
    '/a%2',
    '/a%zz',
    '/a%2f',
    '/a\\b',
    'https://a/b',
  ])('%j is not', (path) => expect(isPathPattern(path)).toBe(false))
})

describe('the nearest name', () => {
  const KNOWN = ['maxOpen', 'maxOpenPerCustomer', 'concurrency', 'maxAgeSeconds', 'key']
  it.each([
    ['maxopen', 'maxOpen'],
    ['maxOpenPerCustmer', 'maxOpenPerCustomer'],
    ['cocnurrency', 'concurrency'],
    ['max_age_seconds', 'maxAgeSeconds'],
    ['kye', 'key'],
    ['zzz', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined],
  ])('of %.30s is %s', (name, expected) => expect(nearestName(name, KNOWN)).toBe(expected))
})

/** Are the relays of a list read as NIP-65 and NIP-17 mean them, and written so that others read them alike? */
import { describe, expect, it } from 'vitest'
import {
  buildInboxList,
  buildRelayList,
  parseInboxList,
  parseRelayList,
} from '../../../../src/nostr/kinds/relay-list.js'

const listOf = (kind: number, ...tags: string[][]) => ({ kind, tags })

describe('a relay list', () => {
  it('marks for reading what is marked so, and what is not marked at all', () => {
    const list = listOf(
      10002,
      ['r', 'wss://both.test'],
      ['r', 'wss://in.test', 'read'],
      ['r', 'wss://out.test', 'write'],
    )
    expect(parseRelayList(list)).toEqual({
      read: ['wss://both.test/', 'wss://in.test/'],
      write: ['wss://both.test/', 'wss://out.test/'],
    })
  })

  it('has each relay once, in one spelling, in the order of the list', () => {
    const list = listOf(
      10002,
      ['r', 'WSS://B.test'],
      ['r', 'wss://a.test/', 'read'],
      ['r', 'wss://b.test:443/', 'read'],
    )
    expect(parseRelayList(list)).toMatchObject({ read: ['wss://b.test/', 'wss://a.test/'] })
  })

  it.each([
    ['a URL of the web', ['r', 'https://a.test']],
    ['a URL with a password', ['r', 'wss://me:secret@a.test']],
    ['nothing', ['r']],
    ['a marker that nobody knows', ['r', 'wss://a.test', 'archive']],
    ['another tag', ['relay', 'wss://a.test']],
  ])('passes over %s', (_, tag) => {
    const list = listOf(10002, tag, ['r', 'wss://good.test'])
    expect(parseRelayList(list)).toEqual({ read: ['wss://good.test/'], write: ['wss://good.test/'] })
  })

  it('is read no further than its first hundred entries', () => {
    const list = listOf(10002, ...Array.from({ length: 5_000 }, (_, index) => ['r', `wss://r${index}.test`]))
    expect(parseRelayList(list)).toMatchObject({ read: { length: 100 } })
  })

  it('is read as it was written', () => {
    const lists = { read: ['wss://a.test/', 'wss://b.test/'], write: ['wss://b.test/', 'wss://c.test/'] }
    const template = buildRelayList({ ...lists, createdAt: 5 })
    expect(template).toMatchObject({ kind: 10002, created_at: 5, content: '' })
    expect(template.tags).toEqual([
      ['r', 'wss://a.test/', 'read'],
      ['r', 'wss://b.test/'],
      ['r', 'wss://c.test/', 'write'],
    ])
    expect(parseRelayList(template)).toEqual(lists)
  })

  it('of another kind is malformed', () => {
    expect(parseRelayList(listOf(10050))).toHaveProperty('malformed')
    expect(parseInboxList(listOf(10002))).toHaveProperty('malformed')
  })
})

describe('an inbox list', () => {
  it('is read as it was written', () => {
    const template = buildInboxList({ relays: ['wss://a.test/', 'wss://a.test/', 'wss://b.test/'], createdAt: 5 })
    expect(template.tags).toEqual([
      ['relay', 'wss://a.test/'],
      ['relay', 'wss://b.test/'],
    ])
    expect(parseInboxList(template)).toEqual(['wss://a.test/', 'wss://b.test/'])
  })

  it('passes over what is no relay', () => {
    expect(
      parseInboxList(listOf(10050, ['relay', 'nonsense'], ['r', 'wss://a.test'], ['relay', 'ws://b.test'])),
    ).toEqual(['ws://b.test/'])
  })
})

/** Does a cursor only ever say what is true? */
import { expect, it } from 'vitest'
import { createRelayCursors } from '../../../src/nostr/relay-cursor.js'
import { createMovedClock, createReadableCursors } from '../../support/pool-fixture.js'

const NOW = 1_800_000_000

function createFixture() {
  const clock = createMovedClock(NOW * 1_000)
  const cursors = createReadableCursors()
  return { clock, store: cursors, cursors: createRelayCursors({ cursors, clock }) }
}

it('moves forward only', () => {
  const { cursors } = createFixture()
  cursors.advance('jobs', NOW - 10)
  cursors.advance('jobs', NOW - 20)
  cursors.advance('jobs', NaN)
  expect(cursors.read('jobs')).toBe(NOW - 10)
})

it('is not carried beyond now by an event of the future', () => {
  const { store, cursors } = createFixture()
  cursors.advance('jobs', NOW + 86_400)
  cursors.save()
  expect([cursors.read('jobs'), store.saved.get('jobs')]).toEqual([NOW, NOW])
})

it('goes on from what was saved', () => {
  const { store, cursors } = createFixture()
  store.saved.set('jobs', NOW - 5)
  cursors.advance('jobs', NOW - 6)
  cursors.save()
  expect([cursors.read('jobs'), store.writes]).toEqual([NOW - 5, []])
})

it('is written at most once a second, and at once when asked to', () => {
  const { clock, store, cursors } = createFixture()
  for (let second = 100; second > 50; second--) cursors.advance('jobs', NOW - second)
  expect(store.writes).toEqual([])
  clock.advance(1_000)
  expect(store.writes).toEqual([NOW - 51])
  cursors.advance('jobs', NOW - 1)
  cursors.save()
  expect([store.writes, clock.waiting]).toEqual([[NOW - 51, NOW - 1], 0])
})

/** Do the settings of admission say what the operator means, and are those refused that contradict each other? */
import { expect, it } from 'vitest'
import { admission, resolveAdmission } from '../../../src/config/admission-schema.js'

const NPUB = 'npub180cvv07tjdrrgpa0j7j7tmnyl2yr6yr7l8j4s3evf6u64th6gkwsyjh6w6'
const HEX = '3bf0c63fcb93463407af97a5e5ee64fa883d107ef9e558472c4eb9aaaefa459d'
const OTHER = 'a'.repeat(64)
const rankProviders = { ranks: { pubkey: NPUB, relay: 'wss://ranks.test' } }

it.each([
  ['nobody is asked for anything unless it is set up', {}, []],
  ['a list alone is the only way in', { allow: [NPUB] }, ['allow']],
  ['work alone', { workBits: 20 }, ['work']],
  ['of several each is enough', { allow: [HEX], workBits: 20, rankProviders }, ['allow', 'rank', 'work']],
  ['unless it is said otherwise', { allow: [HEX], workBits: 20, rankProviders, any: ['allow', 'rank+work'] }, ['allow', 'rank+work']], // prettier-ignore
  ['a deny list is no way in', { deny: [OTHER] }, []],
])('%s', (_, settings, any) => {
  const resolved = resolveAdmission(admission.parse(settings))
  expect(resolved.any).toEqual(any)
})

it('keys are read as npub and as hex, and relays in the spelling that the pool knows', () => {
  const {
    allow,
    deny,
    rankProviders: providers,
  } = resolveAdmission(admission.parse({ allow: [NPUB], deny: [OTHER], rankProviders }))
  expect([[...allow], [...deny]]).toEqual([[HEX], [OTHER]])
  expect(providers).toEqual([{ name: 'ranks', pubkey: HEX, relay: 'wss://ranks.test/' }])
})

it.each([
  ['a key in both lists', { allow: [NPUB], deny: [HEX] }, /stands in allow and in deny/],
  ['a way that is not set up', { any: ['work'] }, /work is not set up: set workBits/],
  ['half a way', { workBits: 5, any: ['rank+work'] }, /rank is not set up: add one to rankProviders/],
  ['something set up that is no way', { allow: [NPUB], workBits: 5, any: ['work'] }, /does not name allow/],
  ['an empty list, which would let everybody in', { allow: [] }, /must name a key, or be removed/],
  ['a secret key', { allow: ['nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5'] }, /public key: npub1/],
  ['a mistyped key', { deny: [`${NPUB.slice(0, -1)}7`] }, /public key: npub1/],
])('%s is refused', (_, settings, words) => {
  const parsed = admission.safeParse(settings)
  expect(parsed.success ? '' : parsed.error.issues.map(({ message }) => message).join('\n')).toMatch(words)
})

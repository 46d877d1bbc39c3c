/** What may an API, an operator or a path hold? Challenges, tokens, invoices, paths and configurations. */
import { isMalformed } from '../../../src/core/identifiers.js'
import { buildExample } from '../../../src/config/example.js'
import { parseConfig } from '../../../src/config/parse.js'
import { parseChallenge } from '../../../src/l402/challenge.js'
import { macaroonPaymentHash, tokenExpiry } from '../../../src/l402/credential.js'
import { parseCreatedInvoice } from '../../../src/l402/exact-price.js'
import { decodeInvoice } from '../../../src/l402/invoice.js'
import { canonicalPath, canonicalQuery } from '../../../src/l402/path.js'
import { craftInvoice, CRAFTED_HASH } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'
import { ALPHABET, bendJson, mutate, type Random } from '../../support/mutations.js'
import { must, type Target } from '../target.js'

const TOKEN = craftToken({ paymentHash: CRAFTED_HASH })
const BOLT11 = craftInvoice()
const HEADER = `L402 macaroon="${TOKEN}", invoice="${BOLT11}"`
const BODY = {
  ...{ l402: { invoice: BOLT11, macaroon: TOKEN, payment_hash: CRAFTED_HASH, amount_sats: 21 } },
  ...{ invoice: BOLT11, macaroon: TOKEN, paymentHash: CRAFTED_HASH, amount_sats: 21, payment_url: '/status/x' },
}
const PATHS = [
  '/',
  '.',
  '..',
  '%2e',
  '%2f',
  '%5c',
  '%',
  '%25',
  '%c0%af',
  '\\',
  '?',
  '#',
  '@',
  ':',
  ';',
  '//',
  'a',
  'ö',
  '*',
]
const EXAMPLE = buildExample()
const surroundings = { file: '/etc/tollbridge.yaml', readSecret: () => '5a'.repeat(32), isFile: () => true }
const sameOriginTarget = (reference: string): string | null => (reference.startsWith('/') ? reference : null)

function bentText(text: string, random: Random): string {
  let bent = text
  for (let edits = random.below(3); edits >= 0; edits -= 1) {
    const at = random.below(bent.length + 1)
    bent = random.pick([
      bent.slice(0, at) + bent.slice(at + random.below(60)),
      bent.slice(0, at) +
        random.pick(['*a', '&a ', '<<: ', '- ', '[', '{', '"', '|\n', '\t', '~', '!!x ', ': ']) +
        bent.slice(at),
      mutate(bent, random, ALPHABET),
    ])
  }
  return bent
}

export const upstreamTargets = (): Target[] => [
  {
    name: 'challenges',
    share: 5,
    run(random) {
      const headers = random.below(4) === 0 ? [] : [mutate(HEADER, random, ALPHABET)]
      const body = Buffer.from(random.below(3) === 0 ? random.bytes(random.below(100)) : bendJson(BODY, random))
      const contentType = random.pick([null, 'application/json', 'text/plain'])
      parseChallenge({ headers, body, contentType, requestTarget: '/v1/a', sameOriginTarget })
      if (random.below(3) === 0) parseCreatedInvoice(body, sameOriginTarget)
    },
  },
  {
    name: 'tokens',
    share: 2,
    run(random) {
      const token = mutate(TOKEN, random, ALPHABET)
      macaroonPaymentHash(token)
      tokenExpiry(token)
    },
  },
  {
    name: 'invoices',
    share: 3,
    run(random) {
      if (random.below(10) > 0) return void decodeInvoice(mutate(BOLT11, random, 'qpzry9x8gf2tvdw0s3jn54khce6mua7l1B'))
      const words = Array.from({ length: random.below(60) }, () => random.below(32))
      decodeInvoice(craftInvoice({ fields: [{ type: random.below(32), words }], timestamp: random.below(2 ** 31) }))
    },
  },
  {
    name: 'paths and queries',
    share: 4,
    run(random) {
      const path = canonicalPath(`/${random.join(PATHS, 12)}`)
      if (!isMalformed(path)) must(new URL(path, 'https://a.test').pathname === path, 'a path stays as it is')
      canonicalQuery(random.join([...PATHS, '&', '=', '+'], 12))
    },
  },
  {
    name: 'configurations',
    share: 0.3,
    run: (random) => void parseConfig(bentText(EXAMPLE, random), surroundings),
  },
]

/** What may a provider, a wallet or a signer answer? Feedback, results, pointers to blobs, replies, and proofs of payment. */
import { isMalformed } from '../../../src/core/identifiers.js'
import { decodeOutput, parseAnswer } from '../../../src/customer/answer.js'
import { checkOffer } from '../../../src/customer/offer.js'
import { decodeInvoice } from '../../../src/l402/invoice.js'
import { parsePointer } from '../../../src/nostr/kinds/blob.js'
import { parseJobFeedback } from '../../../src/nostr/kinds/job-feedback.js'
import { parseJobResult } from '../../../src/nostr/kinds/job-result.js'
import { parseProofContent } from '../../../src/nostr/kinds/payment-proof.js'
import { openAnswer } from '../../../src/nostr/kinds/private-tags.js'
import { parseBunkerAddress, parseRemoteAnswer, parseSwitchedRelays } from '../../../src/nostr/kinds/remote-signing.js'
import { parseEvent } from '../../../src/nostr/event.js'
import { parseNotification } from '../../../src/wallets/nwc-notifications.js'
import { parseReply } from '../../../src/wallets/nwc-reply.js'
import { parseTransaction } from '../../../src/wallets/nwc-transaction.js'
import { parseNwcUri } from '../../../src/wallets/nwc-uri.js'
import { craftInvoice, CRAFTED_AT, CRAFTED_HASH, CRAFTED_PREIMAGE } from '../../support/craft-invoice.js'
import { ALPHABET, bend, bendJson, mutate } from '../../support/mutations.js'
import { customerPubkey, PROVIDER, signAs } from '../../support/sign-jobs.js'
import { must, type Target } from '../target.js'

const JOB = 'a'.repeat(64)
const BOLT11 = craftInvoice()
const BLOB = [
  ['url', 'https://blob.test/x'],
  ['m', 'image/png'],
  ['size', '100'],
  ['x', 'a'.repeat(64)],
  ['ox', 'b'.repeat(64)],
  ['key', 'c'.repeat(64)],
  ['nonce', 'd'.repeat(24)],
  ['encryption-algorithm', 'aes-gcm'],
]
const ABOUT = [['e', JOB], ['p', customerPubkey(1)]] // prettier-ignore
const ANSWERS = [
  { kind: 7000, tags: [...ABOUT, ['status', 'payment-required'], ['amount', '21000', BOLT11]] },
  { kind: 7000, tags: [...ABOUT, ['status', 'error', 'rate-limited', 'x'], ['retry-after', '5']] },
  { kind: 7000, tags: [...ABOUT, ['status', 'partial'], ['amount', '1']], content: 'x' },
  { kind: 6800, tags: [...ABOUT, ['amount', '21000'], ['encoding', 'base64'], ['request', '{}']], content: 'eA==' },
  { kind: 6800, tags: [...ABOUT, ...BLOB, ['http-status', '200'], ['content-type', 'a/b']] },
].map((answer) => signAs(2, answer))

const TRANSACTION = {
  ...{ type: 'incoming', state: 'settled', invoice: BOLT11, payment_hash: CRAFTED_HASH, preimage: CRAFTED_PREIMAGE },
  ...{ amount: 21_000, fees_paid: 0, created_at: CRAFTED_AT, settled_at: CRAFTED_AT, expires_at: CRAFTED_AT + 600 },
}
const REPLIES = [
  { result_type: 'lookup_invoice', result: TRANSACTION },
  { result_type: 'list_transactions', result: { transactions: [TRANSACTION] } },
  { result_type: 'pay_invoice', error: { code: 'QUOTA_EXCEEDED', message: 'x' } },
]
const EXPECTED = { jobId: JOB, provider: customerPubkey(2), customer: customerPubkey(1), resultKind: 6800 } as never

export const answerTargets = (): Target[] => [
  {
    name: 'feedback and results',
    share: 7,
    run(random) {
      const answer = random.pick(ANSWERS)
      const event = parseEvent({ ...answer, tags: bend(answer.tags, random), content: bend(answer.content, random) })
      if (isMalformed(event)) return
      const [feedback, result] = [parseJobFeedback(event), parseJobResult(event)]
      if (!isMalformed(result)) decodeOutput(result.content, result.encoding)
      if (isMalformed(feedback) || random.below(6) > 0) return
      const rules = { network: 'regtest', bidMsat: null, maxMsat: null, decodeInvoice } as const
      checkOffer(feedback, rules, CRAFTED_AT * 1000)
    },
  },
  {
    name: 'answers of any kind',
    share: 3,
    run(random) {
      const answer = parseAnswer(
        random.below(8) === 0 ? random.pick(ANSWERS) : bend(random.pick(ANSWERS), random),
        EXPECTED,
      )
      must(isMalformed(answer) || ANSWERS.some(({ id }) => id === answer.event.id), 'only what was signed is believed')
    },
  },
  {
    name: 'sealed answers',
    share: 3,
    run: (random) =>
      void openAnswer(
        random.pick(ANSWERS),
        bendJson(
          [
            ['status', 'error', 'x'],
            ['content', 'y'],
          ],
          random,
        ),
      ),
  },
  {
    name: 'pointers to blobs',
    share: 3,
    run(random) {
      const tags = bend(BLOB, random)
      const lists = Array.isArray(tags) ? tags.filter((tag) => Array.isArray(tag)).map((tag) => tag.map(String)) : BLOB
      const pointer = parsePointer(lists)
      must(isMalformed(pointer) || Number.isSafeInteger(pointer.size), 'a blob has a size')
    },
  },
  {
    name: 'wallet replies',
    share: 4,
    run(random) {
      parseReply(bendJson(random.pick(REPLIES), random), 'lookup_invoice')
      parseTransaction(bend(TRANSACTION, random), CRAFTED_AT * 1000)
      const notification = { notification_type: 'payment_received', notification: TRANSACTION }
      parseNotification(bendJson(notification, random), CRAFTED_AT * 1000)
      if (random.below(4) === 0) {
        const uri = `nostr+walletconnect://${PROVIDER}?relay=wss://a.test&secret=${'5'.repeat(64)}`
        parseNwcUri(mutate(uri, random, ALPHABET))
      }
    },
  },
  {
    name: 'remote signers and payment proofs',
    share: 3,
    run(random) {
      parseRemoteAnswer(bendJson({ id: 'x', result: 'ack', error: null }, random))
      parseSwitchedRelays(bendJson(['wss://a.test'], random))
      parseBunkerAddress(mutate(`bunker://${PROVIDER}?relay=wss://a.test&secret=x`, random, ALPHABET))
      const proof = { type: 'payment-proof', payment_hash: CRAFTED_HASH, preimage: CRAFTED_PREIMAGE }
      parseProofContent(bendJson(proof, random))
    },
  },
]

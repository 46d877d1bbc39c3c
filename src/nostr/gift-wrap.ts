/** What came in this gift wrap, and from whom? A rumor is sealed by its author and wrapped by a key used once (NIP-59, NIP-17). */
import { randomBytes } from 'node:crypto'
import type { EventTemplate, NostrEvent, Rumor } from '../core/event.js'
import { isMalformed, malformed, type EventId, type Malformed, type Pubkey, type Seconds } from '../core/identifiers.js'
import type { Signer } from '../ports.js'
import { createEncryption } from './encryption.js'
import { drawSecretKey, eventHash, parseEvent, parseTemplate, pubkeyOf, signEvent, verifyEvent } from './event.js'

export const SEAL_KIND = 13
export const GIFT_WRAP_KIND = 1059
/** How far back seals and wraps are dated at most, so that their time says nothing: subscriptions look as far back (NIP-59). */
export const BACK_DATED_S: Seconds = 2 * 86_400

/** Nothing that is meant for us is longer; the decryption of a longer one is not begun. */
const MAX_WRAP_CHARACTERS = 1_048_576

/** The largest padded length (NIP-44) of which the seal, in base64 and with its own fields, still fits into the wrap. */
const MAX_RUMOR_BYTES = 40_960

export interface Wrapped {
  readonly rumor: Rumor
  readonly wrap: NostrEvent
}

/** The id is that of the event as its author would have signed it. */
export const rumorOf = (author: Pubkey, template: EventTemplate): Rumor => ({
  id: eventHash(author, template).toString('hex') as EventId,
  pubkey: author,
  created_at: template.created_at,
  kind: template.kind,
  tags: template.tags,
  content: template.content,
})

/**
 * Seals the template as a rumor of the signer and wraps it for the recipient. The rumor of one template is always the same; the
 * wrap never is. `now` in seconds. @throws where the signer does not answer, or the rumor is too long for NIP-44.
 */
export async function wrapRumor(
  signer: Signer,
  recipient: Pubkey,
  template: EventTemplate,
  now: Seconds,
): Promise<Wrapped> {
  const rumor = rumorOf(signer.pubkey, template)
  const seal = await signer.sign({
    kind: SEAL_KIND,
    created_at: backDated(now),
    tags: [],
    content: await signer.encrypt(recipient, JSON.stringify(rumor)),
  })
  const onceKey = drawSecretKey(randomBytes)
  const wrap = {
    kind: GIFT_WRAP_KIND,
    created_at: backDated(now),
    tags: [['p', recipient]],
    content: createEncryption(onceKey).encrypt(recipient, JSON.stringify(seal)),
  }
  return { rumor, wrap: signEvent(wrap, onceKey, pubkeyOf(onceKey), randomBytes(32)) }
}

/**
 * Whether a rumor of that template can be wrapped at all. A rumor is sealed and the seal sealed again, each time four thirds as long
 * and padded before (NIP-44 §Encryption): the outer plaintext must not pass the limit.
 */
export function isWrappable(template: EventTemplate): boolean {
  const { kind, created_at, tags, content } = template
  const rumor = { id: '0'.repeat(64), pubkey: '0'.repeat(64), created_at, kind, tags, content }
  return Buffer.byteLength(JSON.stringify(rumor)) <= MAX_RUMOR_BYTES
}

const backDated = (now: Seconds): Seconds => now - (randomBytes(4).readUInt32BE() % BACK_DATED_S)

/**
 * Opens a wrap of unproven origin. The rumor's author is proven by the seal: its signature, and that both bear one key (NIP-17). The
 * id is computed, never believed: it is what replays are recognised by. @throws where the signer does not answer.
 */
export async function unwrapRumor(signer: Signer, wrap: NostrEvent): Promise<Rumor | Malformed> {
  if (wrap.kind !== GIFT_WRAP_KIND) return malformed('not a gift wrap')
  if (!wrap.tags.some(([name, value]) => name === 'p' && value === signer.pubkey))
    return malformed('not wrapped for us')
  if (!verifyEvent(wrap)) return malformed('the gift wrap is not signed by its key')
  return openWrap(signer, wrap)
}

/** As `unwrapRumor`, of a wrap whose id and signature were verified already. */
export async function openWrap(signer: Signer, wrap: NostrEvent): Promise<Rumor | Malformed> {
  if (wrap.content.length > MAX_WRAP_CHARACTERS) return malformed('a gift wrap is of moderate length')
  const seal = parseEvent(await openJson(signer, wrap.pubkey, wrap.content))
  if (isMalformed(seal)) return malformed(`the seal cannot be read: ${seal.malformed}`)
  if (seal.kind !== SEAL_KIND || seal.tags.length > 0) return malformed('a seal is of kind 13 and has no tags')
  if (!verifyEvent(seal)) return malformed('the seal is not signed by its author')
  const inner = await openJson(signer, seal.pubkey, seal.content)
  const template = parseTemplate(inner)
  if (isMalformed(template)) return malformed(`the rumor cannot be read: ${template.malformed}`)
  // Anybody could write another's name into a rumor: only the seal says who speaks.
  if ((inner as Partial<Rumor>).pubkey !== seal.pubkey) return malformed('the rumor is not by the author of the seal')
  return rumorOf(seal.pubkey, template)
}

/** Undefined for what cannot be opened or read: no parser takes it. */
async function openJson(signer: Signer, author: Pubkey, sealed: string): Promise<unknown> {
  const text = await signer.decrypt(author, sealed).catch((error: unknown) => {
    if (isUnanswered(error)) throw error
    return ''
  })
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** A key's holder that does not answer says nothing of what it was asked to open. */
const isUnanswered = (error: unknown): boolean => error instanceof Error && error.name === 'TollbridgeError'

/** What of a job and its answers is encrypted, and what stays outside? (NIP-90 §Encrypted params) */
import type { EventTemplate } from '../../core/event.js'
import { malformed, type Malformed } from '../../core/identifiers.js'
import { JOB_FEEDBACK_KIND } from './job-feedback.js'

type Tags = readonly (readonly string[])[]

const MAX_TAGS = 200

/** The decrypted content of a job or of feedback: a list of tags. */
export function parsePrivateTags(plaintext: string): Tags | Malformed {
  let value: unknown
  try {
    value = JSON.parse(plaintext)
  } catch {
    return malformed('encrypted parameters are JSON')
  }
  const isTag = (tag: unknown) => Array.isArray(tag) && tag.every((item: unknown) => typeof item === 'string')
  if (!Array.isArray(value) || !value.every(isTag)) return malformed('encrypted parameters are a list of tags')
  return value.length <= MAX_TAGS ? value : malformed(`a job has at most ${MAX_TAGS} encrypted tags`)
}

/** A template in two parts: `plaintext` is to be encrypted, and becomes the content of the rest. */
export interface Enclosure {
  readonly plaintext: string
  readonly outside: EventTemplate
}

const encrypted = (template: EventTemplate, stays: (tag: readonly string[]) => boolean): EventTemplate => ({
  ...template,
  tags: [...template.tags.filter((tag) => stays(tag)), ['encrypted']],
  content: '',
})

/** The tags of a job that NDK and others encrypt; the rest must be seen by relays and by the service provider before it decrypts. */
const PRIVATE_IN_JOB = new Set(['i', 'param', 'output', 'relays', 'bid', 't'])

export function encloseJob(template: EventTemplate): Enclosure {
  const isPrivate = ([name = '']: readonly string[]) => PRIVATE_IN_JOB.has(name)
  const plaintext = JSON.stringify(template.tags.filter(isPrivate))
  return { plaintext, outside: encrypted(template, (tag) => !isPrivate(tag)) }
}

/**
 * What stays outside of an answer: whose it is and what relays go by. Of a result also how its content is to be read, once decrypted, and what is
 * sealed already.
 */
const OUTSIDE_OF_ANSWER = new Set(['e', 'p', 'expiration'])
const OUTSIDE_OF_RESULT = new Set([
  ...OUTSIDE_OF_ANSWER,
  'request',
  'content-type',
  'http-status',
  'encoding',
  'credential',
])

/** Left out of an encrypted result: what the customer asked and paid is its own business, and so is what it has left. */
const KNOWN_TO_CUSTOMER = new Set(['i', 't', 'amount', 'credit', 'encrypted'])

export function encloseAnswer(template: EventTemplate): Enclosure {
  return template.kind === JOB_FEEDBACK_KIND ? encloseFeedback(template) : encloseResult(template)
}

/** A list of tags, which is what clients expect. Content, such as a sealed credential, is one of them. */
function encloseFeedback(template: EventTemplate): Enclosure {
  const stays = ([name = '']: readonly string[]) => OUTSIDE_OF_ANSWER.has(name)
  const inside = template.tags.filter((tag) => !stays(tag))
  if (template.content !== '') inside.push(['content', template.content])
  return { plaintext: JSON.stringify(inside), outside: encrypted(template, stays) }
}

/** The output itself. Where tags describe it that are nobody else's to see, such as the key of a blob, a list of those tags. */
function encloseResult(template: EventTemplate): Enclosure {
  const stays = ([name = '']: readonly string[]) => OUTSIDE_OF_RESULT.has(name)
  const outside = encrypted(template, stays)
  const describing = template.tags.filter((tag) => !stays(tag) && !KNOWN_TO_CUSTOMER.has(tag[0] ?? ''))
  // Nothing at all cannot be encrypted with NIP-44.
  if (describing.length === 0 && template.content !== '') return { plaintext: template.content, outside }
  const inside = template.content === '' ? describing : [...describing, ['content', template.content]]
  return { plaintext: JSON.stringify(inside), outside: { ...outside, tags: [...outside.tags, ['encoding', 'tags']] } }
}

/** An answer as it reads once decrypted: the way back, for the customer's side. */
export function openAnswer<T extends EventTemplate>(answer: T, plaintext: string): T | Malformed {
  const outside = answer.tags.filter(([name]) => name !== 'encrypted')
  const isList =
    answer.kind === JOB_FEEDBACK_KIND || outside.some(([name, value]) => name === 'encoding' && value === 'tags')
  if (!isList) return { ...answer, tags: outside, content: plaintext }
  const inside = parsePrivateTags(plaintext)
  if ('malformed' in inside) return inside
  const content = inside.find(([name]) => name === 'content')?.[1] ?? ''
  const tags = [
    ...outside.filter(([name, value]) => name !== 'encoding' || value !== 'tags'),
    ...inside.filter(([name]) => name !== 'content'),
  ]
  return { ...answer, tags, content }
}

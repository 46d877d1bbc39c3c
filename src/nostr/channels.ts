/** How is a job opened that came sealed, and how are its answers sealed? Always the way it came (NIP-90 §Encrypted params, NIP-17). */
import { withOpenedTags, type Arrival, type EncryptionScheme } from '../core/arrival.js'
import { rejection, TollbridgeError, type Rejection } from '../core/errors.js'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import { isMalformed } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import type { Clock, Signer } from '../ports.js'
import { MAX_PLAINTEXT_BYTES, schemeOf } from './encryption.js'
import { isWrappable, wrapRumor } from './gift-wrap.js'
import { buildDispatchAnswer } from './kinds/dispatch-answer.js'
import { MESSAGE_KIND } from './kinds/dispatch.js'
import { encloseAnswer, parsePrivateTags } from './kinds/private-tags.js'

/** What the operator wants of customers, and gives them (settings `encryption`). */
export interface EncryptionRules {
  readonly jobs: 'accept' | 'require' | 'refuse'
  /** `always`: answers to jobs that came in the open are encrypted, too. */
  readonly answers: 'inKind' | 'always'
}

export interface Channels {
  /** Opens a verified event that is tagged as encrypted. @throws where the signer does not answer. */
  readonly open: (event: NostrEvent, heardOn: string) => Promise<Arrival | Rejection>
  /**
   * Signs an answer, sealed the way the job came; a refusal where it is too long to be sealed in one piece. @throws where the signer
   * does not answer.
   */
  readonly seal: (job: Job, template: EventTemplate) => Promise<NostrEvent | Rejection>
  /** Why a job is not taken that came in the open, or sealed; null where it may be. */
  readonly objections: { readonly open: Rejection | null; readonly sealed: Rejection | null }
}

export function createChannels(wiring: {
  readonly signer: Signer
  readonly clock: Clock
  readonly rules: EncryptionRules
}): Channels {
  const { signer, clock, rules } = wiring
  const objections = {
    open: rules.jobs === 'require' ? rejection('encryption-required') : null,
    sealed: rules.jobs === 'refuse' ? rejection('encryption-unsupported') : null,
  }

  async function open(event: NostrEvent, heardOn: string): Promise<Arrival | Rejection> {
    if (objections.sealed) return objections.sealed
    const scheme = schemeOf(event.content)
    let plaintext: string
    try {
      plaintext = await signer.decrypt(event.pubkey, event.content, scheme)
    } catch (error) {
      // A key's holder that does not answer says nothing of the job: it is taken up when it comes again.
      if (error instanceof TollbridgeError) throw error
      return rejection('undecipherable', `not to be opened as ${scheme}`)
    }
    const tags = parsePrivateTags(plaintext)
    if (isMalformed(tags)) return rejection('invalid-request', tags.malformed)
    return {
      rumor: withOpenedTags(event, tags),
      json: JSON.stringify(event),
      channel: { type: 'encrypted', scheme, tags },
      heardOn,
    }
  }

  async function encrypted(
    job: Job,
    template: EventTemplate,
    scheme: EncryptionScheme,
  ): Promise<NostrEvent | Rejection> {
    const { plaintext, outside } = encloseAnswer(template)
    if (Buffer.byteLength(plaintext) > MAX_PLAINTEXT_BYTES) return tooLong(plaintext)
    return signer.sign({ ...outside, content: await signer.encrypt(job.customer, plaintext, scheme) })
  }

  async function wrapped(job: Job, template: EventTemplate): Promise<NostrEvent | Rejection> {
    if (!isWrappable(template)) return tooLong(template.content)
    const { wrap } = await wrapRumor(signer, job.customer, template, Math.floor(clock.now() / 1000))
    return wrap
  }

  return {
    open,
    objections,
    seal(job, template) {
      const { channel } = job
      switch (channel?.type) {
        case undefined:
          return rules.answers === 'always' ? encrypted(job, template, 'nip44') : signer.sign(template)
        case 'encrypted':
          return encrypted(job, template, channel.scheme)
        case 'wrapped':
          return wrapped(job, template)
        case 'dispatch':
          return dispatched(job, channel, template)
      }
    },
  }

  async function dispatched(
    job: Job,
    channel: Extract<Job['channel'], { type: 'dispatch' }>,
    template: EventTemplate,
  ): Promise<NostrEvent | Rejection> {
    // What is a message already needs no translation.
    if (template.kind === MESSAGE_KIND) return wrapped(job, template)
    const credential = await openCredential(job, template)
    return wrapped(job, buildDispatchAnswer({ self: signer.pubkey, job, channel, template, credential }))
  }

  /** The credential of a job that was paid and not served: sealed for an event that all can read, it stands open in a message. */
  async function openCredential(job: Job, { content, tags }: EventTemplate): Promise<string | null> {
    if (content === '' || !tags.some(([name]) => name === 'encrypted')) return null
    return signer.decrypt(job.customer, content)
  }
}

const tooLong = (text: string): Rejection =>
  rejection('result-too-large', `${Buffer.byteLength(text)} bytes are too many to be sealed in one piece`)

/** How does `tollbridge hire` tell its story to people? One sentence per event, and what each ending means for the money. */
import { npubEncode } from 'nostr-tools/nip19'
import { assertNever } from '../core/errors.js'
import type { Choice, Judged } from '../hirer/choose.js'
import type { HireOutcome } from '../hirer/hire-outcome.js'
import type { HireLine } from '../hirer/hire-story.js'
import { tame } from '../customer/story.js'
import { wordsOfLine, wordsOfOutcome } from './request-words.js'

export function wordsOfHire(line: HireLine): string {
  const time = `${(line.sinceStartMs / 1000).toFixed(2)} s`.padStart(9)
  switch (line.type) {
    case 'requested':
      return `${time}  asking ${npubEncode(line.provider)} for ${line.task}, at most ${line.ceilingMsat} msat (hire ${line.hireId})`
    case 'accepted':
      return `${time}  accepted for ${line.exact ? '' : 'at most '}${line.priceMsat} msat`
    case 'countered':
      return `${time}  the provider asks for ${line.priceMsat} msat: ${line.takenUp ? 'taken up' : 'not taken up'}`
    case 'acknowledged':
      return `${time}  acknowledged; paid ${line.amountMsat} msat`
    case 'attested':
      return `${time}  attestation ${line.eventId} published at ${line.relay}`
    default:
      return wordsOfLine(line, { showInvoice: false })
  }
}

/** Every candidate with what speaks for it and against it. */
export function wordsOfChoice({ chosen, judged, reason }: Choice): string {
  const lines = judged.map((one) => `${one === chosen ? '→' : ' '} ${wordsOfJudged(one)}`)
  const verdict = chosen === null ? `nobody is hired: ${reason}` : `${npubEncode(chosen.candidate.provider)}: ${reason}`
  return [...lines, verdict].join('\n')
}

function wordsOfJudged({ candidate, score, parts, objections }: Judged): string {
  const { provider, name, offer } = candidate
  const price =
    offer === null || offer.priceMsat === null
      ? 'price unknown'
      : `${offer.atMost ? 'at most ' : ''}${offer.priceMsat} msat`
  const reasons = parts.map(({ points, reason }) => `${points >= 0 ? '+' : ''}${points} ${reason}`)
  return [
    `${npubEncode(provider)} ${tame(name)}: ${price}, score ${score}`,
    ...reasons.map((reason) => `      ${reason}`),
    ...objections.map((objection) => `      not hired: ${objection}`),
  ].join('\n')
}

/** As a line of JSON: the same, by key. */
export const choiceAsObject = ({ chosen, judged, reason }: Choice) => ({
  type: 'chosen',
  provider: chosen?.candidate.provider ?? null,
  reason,
  candidates: judged.map(({ candidate, trust, objections, admittedBy, parts, score }) => ({
    provider: candidate.provider,
    name: tame(candidate.name),
    priceMsat: candidate.offer?.priceMsat ?? null,
    atMost: candidate.offer?.atMost ?? false,
    inboxRelays: candidate.inboxRelays,
    capabilities: [
      ...new Set(candidate.listings.flatMap(({ capabilities }) => capabilities.map((one) => tame(one.name)))),
    ],
    ...{ trust, score, parts, objections, admittedBy },
  })),
})

export function wordsOfEnding(outcome: HireOutcome, again: string): string | null {
  switch (outcome.type) {
    case 'result':
      return outcome.acknowledged ? null : `The result is kept, and not acknowledged yet. To do that: ${again}`
    case 'not-payable':
      return `Not paid (${outcome.code}): ${outcome.message}`
    case 'error':
    case 'unfetched':
    case 'payment-refused':
    case 'payment-unknown':
    case 'timeout':
    case 'stopped':
      // A code that is the hirer's own has been dealt with above; the rest reads as for a request.
      return wordsOfOutcome(outcome, again)
    default:
      return assertNever(outcome)
  }
}

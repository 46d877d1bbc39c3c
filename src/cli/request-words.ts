/** How does `tollbridge request` tell its story to people? One sentence per event, with the time since the start. */
import { satsRoundedUp, type Msat } from '../core/money.js'
import { assertNever } from '../core/errors.js'
import { renderInvoiceQr } from '../customer/invoice-qr.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import { tame, type StoryEvent, type StoryLine } from '../customer/story.js'

export interface WordsFor {
  /** Whether the invoice is shown to be paid by somebody else. */
  readonly showInvoice: boolean
}

export function wordsOfLine(line: StoryLine, { showInvoice }: WordsFor): string {
  const time = `${(line.sinceStartMs / 1000).toFixed(2)} s`.padStart(9)
  const invoice = line.type === 'offered' && line.bolt11 !== null && showInvoice ? line.bolt11 : null
  const words = `${time}  ${sentenceOf(line)}`
  return invoice === null ? words : `${words}\n\n${renderInvoiceQr(invoice)}\n\n${invoice}\n`
}

function sentenceOf(event: StoryEvent): string {
  switch (event.type) {
    case 'signed':
      return `job ${event.jobId} signed and saved`
    case 'published':
      return `published at ${event.relay}`
    case 'unpublished':
      return `${event.relay} ${event.final ? 'refused' : 'did not take it yet'}: ${event.reason}`
    case 'resumed':
      return `job ${event.jobId} taken up again; payment: ${event.payment}`
    case 'offered':
      return `the provider asks for ${priceOf(event.amountMsat)}${event.bolt11 === null ? ', without an invoice' : ''}`
    case 'paying':
      return `paying ${priceOf(event.amountMsat)}`
    case 'paid':
      return `paid ${priceOf(event.amountMsat)}${event.feesMsat === null ? '' : `, fees ${event.feesMsat} msat`}`
    case 'payment-unknown':
      return `the payment's outcome is unknown (${event.reason}); looking it up, not paying again`
    case 'proved':
      return `payment proof published at ${event.relay}`
    case 'processing':
      return `the provider says: ${[...new Set([event.status, event.message ?? event.status])].join(', ')}`
    case 'partial':
      return `piece ${event.seq ?? '?'}: ${tame(event.text)}`
    case 'downloading':
      return `the output lies in a blob of ${event.bytes} bytes at ${event.servers} ${event.servers === 1 ? 'server' : 'servers'}; fetching it`
    case 'result':
      return `result ${event.resultId}: ${event.bytes} bytes${event.httpStatus === null ? '' : `, HTTP ${event.httpStatus}`}`
    case 'error':
      return `the provider reports an error${event.code === null ? '' : ` (${event.code})`}: ${event.message}`
    case 'ignored':
      return `ignored (${event.code}): ${event.message}`
    default:
      return assertNever(event)
  }
}

const priceOf = (amount: Msat | null): string => {
  if (amount === null) return 'an amount of your choice'
  return amount % 1000 === 0 ? `${satsRoundedUp(amount)} sats` : `${amount} msat`
}

const MONEY = {
  none: 'Nothing was paid.',
  paid: 'It was paid.',
  unknown: 'It is not known whether it was paid.',
} as const

const credentialWords = (file: string | null): string[] =>
  file === null ? [] : [`Its credential, good for the API itself, is in ${file}`]

/** The last words: what it means for the customer's money, and what to do next. Null where the result speaks for itself. */
export function wordsOfOutcome(outcome: RequestOutcome, again: string): string | null {
  switch (outcome.type) {
    case 'result':
      return null
    case 'error':
      return [
        `The provider refused or failed. ${MONEY[outcome.payment]}`,
        ...credentialWords(outcome.credentialFile),
      ].join('\n')
    case 'unfetched':
      return `The result is there, and its output lies where it cannot be had just now: ${outcome.message}\nTo fetch it later: ${again}`
    case 'not-payable':
      return `Not paid (${outcome.code}): ${outcome.message}`
    case 'payment-refused':
      return `The wallet did not pay: ${outcome.message}. Nothing was charged.\nTo try the same invoice again: ${again}`
    case 'payment-unknown':
      return `It is not known whether the payment was made; it is never made twice. To look again: ${again}`
    case 'timeout':
      return `Time is up: ${outcome.message}. To take the job up again: ${again}`
    case 'stopped':
      return `Stopped. To take the job up again: ${again}`
    default:
      return assertNever(outcome)
  }
}

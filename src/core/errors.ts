/** What can be said when something is refused or fails? Every code that may reach a customer, once, with its sentence. */

/** Codes of kind-7000 `error` feedback. The text is all that a customer is told; PROTOCOL.md lists what to do about each. */
export const CUSTOMER_ERRORS = {
  'invalid-request': 'The job cannot be read as a request: it needs param method and path, and well-formed tags.',
  'encryption-unsupported': 'Encrypted jobs are not served here; send the parameters as plain tags.',
  'encryption-required': 'Jobs are taken here only when they are encrypted; send the parameters encrypted.',
  undecipherable: 'The encrypted parameters cannot be opened with the key of this service.',
  'task-unknown': 'This task is not offered here.',
  'deadline-too-close': 'The deadline has passed, or is too close for the task to be done.',
  'method-not-allowed': 'This method is not offered on any path.',
  'path-not-allowed': 'This path is not offered, or not with this method.',
  'body-too-large': 'The request body is larger than this service accepts.',
  'invalid-bid': 'The bid is not a whole number of millisatoshi.',
  'input-unsupported': 'Inputs of this type are not read here.',
  'input-invalid': 'An input cannot be read: it is malformed, it is not public, or there are too many of them.',
  'input-too-large': 'The inputs are larger than this service reads; nothing was charged.',
  'input-unavailable': 'An input could not be had in time; nothing was charged.',
  'too-many-unpaid': 'You have too many unpaid invoices here; pay one or let one expire.',
  'too-many-open': 'You have too many open jobs here; wait for one to end.',
  'not-admitted': 'This service serves a closed circle, and your key is not in it.',
  'work-required': 'This service asks for proof of work (NIP-13); the pow tag says how many bits.',
  'rank-too-low': 'This service serves keys of a certain rank (NIP-85), and yours is below it or has none.',
  'rank-unavailable': 'The rank of your key could not be looked up; try again later.',
  'rate-limited': 'You send jobs faster than this service takes them from one key.',
  'unpaid-quota-used': 'You left too many invoices unpaid of late; pay one, or come back later.',
  'free-quota-used': 'You had as many free calls of this API as one key may have in a day.',
  'at-capacity': 'The service is at capacity; try again later.',
  'storage-full': 'The service cannot take new jobs at the moment; try again later.',
  'upstream-unavailable': 'The API behind this service did not answer; nothing was charged.',
  'upstream-refused': 'The API refused the request; nothing was charged.',
  'challenge-invalid': 'The API asked for payment in a way that could not be verified; nothing was charged.',
  'payment-scheme-unsupported': 'The API asks for a payment scheme that is not supported; nothing was charged.',
  'invoice-invalid': 'The invoice of the API failed verification; nothing was charged.',
  'price-exceeds-bid': 'The price is above your bid.',
  'price-exceeds-cap': 'The API asked for more than this service allows on this path.',
  'no-settlement-path': 'A payment could not be followed to a result here, so no invoice is shown.',
  'upstream-unpayable': 'The API could not be paid; your payment was given back.',
  'refund-owed': 'Your payment could not be used, and not be given back yet: it is owed to you.',
  'payment-not-needed': 'A payment for this job came twice, too late or with another amount; it was given back.',
  'result-too-large': 'The result does not fit into an event that relays accept.',
  'credential-refused': 'The API refused the credential that was paid for; it is enclosed, sealed to you.',
  'credential-consumed':
    'The API counts the credential as used, and its answer was lost; the credential is enclosed, sealed to you.',
  'outcome-unknown':
    'The call was sent and its outcome is unknown; it is not repeated, because it may have taken effect.',
  'upstream-failed': 'The API kept failing after payment; the credential is enclosed, sealed to you.',
  cancelled: 'The job was cancelled by its author. Do not pay its invoice, if there is one.',
  'payment-returned': 'The job was cancelled by its author, and your payment was given back.',
  undeliverable: 'No relay where you read accepted the result; the credential is enclosed, sealed to you.',
  'internal-error': 'The service failed while it handled this job.',
} as const

export type CustomerErrorCode = keyof typeof CUSTOMER_ERRORS

export const isCustomerErrorCode = (value: string): value is CustomerErrorCode => Object.hasOwn(CUSTOMER_ERRORS, value)

/** An expected refusal: a value, never thrown. `detail` is for the log and the store; only the code's sentence leaves. */
export interface Rejection {
  readonly rejected: CustomerErrorCode
  readonly detail?: string
  /** The HTTP status of the upstream, where one explains the refusal. */
  readonly httpStatus?: number
  /** What would help, as a tag that goes with the code: `["pow", "20"]`, `["retry-after", "37"]`. */
  readonly remedy?: readonly string[]
}

export const rejection = (rejected: CustomerErrorCode, detail?: string): Rejection =>
  detail === undefined ? { rejected } : { rejected, detail }

export function isRejection(value: unknown): value is Rejection {
  return typeof value === 'object' && value !== null && typeof (value as Rejection).rejected === 'string'
}

/** Faults of the machine or the operator's set-up. Exit codes are given to them in cli/ only. */
export type FaultCode =
  | 'config-invalid'
  | 'key-unusable'
  /** The holder of the key does not answer, or not rightly: to be tried again, for as long as it takes. */
  | 'signer-unavailable'
  | 'lease-held'
  | 'store-corrupt'
  | 'store-full'
  | 'store-stale'
  | 'store-closed'
  | 'hash-taken'
  | 'wallet-unusable'
  | 'daemon-unreachable'
  | 'job-unknown'
  | 'job-not-retryable'
  | 'impossible-transition'
  | 'timeout'
  | 'usage'

/** The one error class that is thrown on purpose. Its message never holds a key, token, preimage or wallet URI. */
export class TollbridgeError extends Error {
  readonly code: FaultCode
  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'TollbridgeError'
    this.code = code
  }
}

export const isFault = (error: unknown, code: FaultCode): boolean =>
  error instanceof TollbridgeError && error.code === code

/** The end of an exhaustive switch: unreachable while every member is handled. */
export function assertNever(value: never): never {
  throw new TypeError(`unhandled: ${JSON.stringify(value)}`)
}

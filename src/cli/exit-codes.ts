/** What does the exit code mean? One number per kind of failure, the same in every command. */
import { assertNever, type FaultCode } from '../core/errors.js'
import type { RequestOutcome } from '../customer/request-outcome.js'

export const EXIT = {
  ok: 0,
  /** A fault nobody foresaw. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** `status`, `check`: not ready, or a check failed. */
  notReady: 8,
  /** No daemon answers, and the command needs one. */
  unreachable: 9,
  /** Another daemon holds the state directory. */
  leaseHeld: 10,
  /** The state on disk cannot be read, and nothing was changed. */
  storeCorrupt: 11,
  /** A key or secret file cannot be used or does not fit the state, or a remote signer does not answer. */
  keyUnusable: 12,
  /** There is no such job, or it cannot be tried again. */
  noSuchJob: 13,
  /** `hire`: no agent that may be hired. */
  nobodyToHire: 15,
} as const

/** How a `request` or a `hire` ended. */
export const OUTCOME_EXIT = {
  result: EXIT.ok,
  /** The provider refused the job or failed at it. */
  error: 3,
  /** The offer breaks one of our own rules; nothing was paid. */
  'not-payable': 4,
  'payment-refused': 5,
  'payment-unknown': 6,
  timeout: 7,
  /** The result leads to a blob that no server gives. */
  unfetched: 14,
  /** As a shell reports SIGINT. */
  stopped: 130,
} as const satisfies Record<RequestOutcome['type'], number>

export function exitCodeOf(code: FaultCode): number {
  switch (code) {
    case 'config-invalid':
    case 'usage':
    case 'wallet-unusable':
      return EXIT.usage
    case 'lease-held':
      return EXIT.leaseHeld
    case 'store-corrupt':
      return EXIT.storeCorrupt
    case 'key-unusable':
    case 'signer-unavailable':
      return EXIT.keyUnusable
    case 'daemon-unreachable':
      return EXIT.unreachable
    case 'job-unknown':
    case 'job-not-retryable':
      return EXIT.noSuchJob
    case 'store-full':
    case 'store-stale':
    case 'store-closed':
    case 'hash-taken':
    case 'impossible-transition':
    case 'timeout':
      return EXIT.failed
    default:
      return assertNever(code)
  }
}

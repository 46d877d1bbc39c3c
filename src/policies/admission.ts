/** Who may ask, and how much at once? A list of policies; the first that objects decides. */
import { rejection } from '../core/errors.js'
import type { UpstreamCall } from '../core/job.js'
import type { JobRequest } from '../core/job-request.js'
import type { Msat } from '../core/money.js'
import type { Rejection } from '../core/errors.js'
import type { Policy, Seen } from '../ports.js'

export interface AdmissionLimits {
  readonly maxUnpaidPerCustomer: number
  readonly maxOpenPerCustomer: number
  readonly maxOpen: number
}

export interface FurtherPolicies {
  /** Those that look and take nothing. */
  readonly quotas: readonly Policy[]
  /** Those that count whom they let through. */
  readonly rates: readonly Policy[]
  /** A job with a lower bid gives way where it has cost nothing yet; false where none does. */
  readonly makeRoom: (bidMsat: Msat) => boolean
}

const NONE: FurtherPolicies = { quotas: [], rates: [], makeRoom: () => false }

/** How many jobs that gave way may be on their way out. */
const MOST_GIVING_WAY = 64

const withRoomOnDisk: Policy = (_job, seen) => (seen.acceptsJobs ? null : rejection('storage-full'))

const openPerCustomer =
  (limit: number): Policy =>
  (_job, seen) =>
    seen.openOfCustomer < limit ? null : rejection('too-many-open')

const unpaidPerCustomer =
  (limit: number): Policy =>
  (_job, seen) =>
    seen.unpaidOfCustomer < limit ? null : rejection('too-many-unpaid')

const openInAll =
  (limit: number, makeRoom: (bidMsat: Msat) => boolean): Policy =>
  ({ bidMsat }, seen) => {
    if (seen.openInAll < limit) return null
    // A job that gave way is open until it was told so: room is made for a few at a time.
    const isFarOver = seen.openInAll >= limit + MOST_GIVING_WAY
    return !isFarOver && bidMsat !== null && makeRoom(bidMsat) ? null : rejection('at-capacity')
  }

/** In the order in which they object. Room is made last: nobody gives way to a job that is not taken. */
export const admissionPolicies = (limits: AdmissionLimits, further = NONE): readonly Policy[] => [
  withRoomOnDisk,
  openPerCustomer(limits.maxOpenPerCustomer),
  unpaidPerCustomer(limits.maxUnpaidPerCustomer),
  ...further.quotas,
  ...further.rates,
  openInAll(limits.maxOpen, further.makeRoom),
]

/** The first objection, or null. */
export function applyPolicies(
  policies: readonly Policy[],
  job: JobRequest,
  seen: Seen,
  call: UpstreamCall | null,
): Rejection | null {
  for (const policy of policies) {
    const objection = policy(job, seen, call)
    if (objection) return objection
  }
  return null
}

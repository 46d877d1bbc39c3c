/** Who may ask, and how much at once? A list of policies; the first that objects decides. */
import { rejection } from '../core/errors.js'
import type { UpstreamCall } from '../core/job.js'
import type { JobRequest } from '../core/job-request.js'
import type { Rejection } from '../core/errors.js'
import type { Policy, Seen } from '../ports.js'

export interface AdmissionLimits {
  readonly maxUnpaidPerCustomer: number
  readonly maxOpenPerCustomer: number
  readonly maxOpen: number
}

const withRoomOnDisk: Policy = (_job, seen) => (seen.acceptsJobs ? null : rejection('storage-full'))

const openInAll =
  (limit: number): Policy =>
  (_job, seen) =>
    seen.openInAll < limit ? null : rejection('at-capacity')

const openPerCustomer =
  (limit: number): Policy =>
  (_job, seen) =>
    seen.openOfCustomer < limit ? null : rejection('too-many-open')

const unpaidPerCustomer =
  (limit: number): Policy =>
  (_job, seen) =>
    seen.unpaidOfCustomer < limit ? null : rejection('too-many-unpaid')

export const admissionPolicies = (limits: AdmissionLimits): readonly Policy[] => [
  withRoomOnDisk,
  openInAll(limits.maxOpen),
  openPerCustomer(limits.maxOpenPerCustomer),
  unpaidPerCustomer(limits.maxUnpaidPerCustomer),
]

/** The first objection, or null. */
export function applyPolicies(
  policies: readonly Policy[],
  job: JobRequest,
  seen: Seen,
  call: UpstreamCall,
): Rejection | null {
  for (const policy of policies) {
    const objection = policy(job, seen, call)
    if (objection) return objection
  }
  return null
}

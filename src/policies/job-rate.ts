/** Does this key send jobs faster than we take them? Counted where they are taken; per run, since a restart gives little away. */
import { rejection } from '../core/errors.js'
import type { Clock, Policy } from '../ports.js'
import { createQuota } from './quota.js'
import { retryAfter } from './remedy.js'

export interface JobRates {
  /** Null for no limit. */
  readonly perMinute: number | null
  readonly perHour: number | null
}

/** Takes of the rate where it does not object: to stand after the policies that merely look. */
export function createJobRate({ perMinute, perHour }: JobRates, clock: Clock): Policy {
  const quotas = [
    ...(perMinute === null ? [] : [createQuota(perMinute, 60_000)]),
    ...(perHour === null ? [] : [createQuota(perHour, 3_600_000)]),
  ]
  return ({ customer }) => {
    const now = clock.now()
    const waitMs = Math.max(...quotas.map((quota) => quota.waitMs(customer, now)))
    if (waitMs > 0) return { ...rejection('rate-limited'), remedy: retryAfter(waitMs) }
    for (const quota of quotas) quota.take(customer, now)
    return null
  }
}

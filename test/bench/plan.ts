/** How much is measured? The numbers of the full bench, and of `--quick`. */

export interface Plan {
  readonly warmUp: number
  readonly measured: number
  readonly runs: number
  readonly openJobs: number
  /** Paid jobs a second, and for how long. */
  readonly pace: { readonly perSecond: number; readonly seconds: number }
  readonly floorRounds: number
  /** How long the daemon has nothing to do. */
  readonly idleMinutes: number
  /** Directory for CPU profiles of the daemon. */
  readonly profile: string | undefined
}

export const FULL: Plan = {
  warmUp: 1_000,
  measured: 10_000,
  runs: 3,
  openJobs: 10_000,
  pace: { perSecond: 50, seconds: 20 },
  floorRounds: 2_000,
  idleMinutes: 20,
  profile: undefined,
}

export const QUICK: Plan = {
  ...FULL,
  warmUp: 500,
  measured: 2_000,
  runs: 1,
  openJobs: 2_000,
  pace: { perSecond: 50, seconds: 5 },
  floorRounds: 500,
}

/** What was measured, by key. */
export type Figures = Readonly<Record<string, number>>

/** How is the daemon? What `tollbridge status` shows, and whether we can serve. */
import type { Millis } from '../core/identifiers.js'
import type { Clock, JobStore, RelayPool, RelayStatus, Signer, Wallet } from '../ports.js'
import type { SettlementWatch } from '../settlement/watch.js'
import type { Census } from './census.js'
import type { Holds } from './holds.js'
import type { Intake } from './intake.js'
import type { NameCheck } from './name-check.js'
import type { ReadBack } from './read-back.js'

export interface DaemonStatus {
  /** At least one read relay was lately proven to deliver, the signer answers, and there is room for new jobs. */
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly pubkey: string
  /** Whether the domain of announce.nip05 names us; null where there is none, or it was not looked up yet. */
  readonly name: NameCheck['verdict']
  readonly pid: number
  readonly uptimeSeconds: number
  readonly openJobs: number
  /** Invoices that somebody may still pay, and of which we would hear. */
  readonly watchedInvoices: number
  readonly relays: readonly (Omit<RelayStatus, 'provenAt'> & { readonly proofAgeSeconds: number | null })[]
  readonly wallets: readonly { readonly name: string; readonly usable: boolean; readonly methods: readonly string[] }[]
  readonly intake: Intake['counts']
  /** Jobs whose upstream we paid without having the customer's money. */
  readonly losses: number
  readonly lossMsat: number
  /** Paid results that were looked for at relays which had accepted them. */
  readonly readBack: ReadBack['counts']
}

export function statusOf(sources: {
  readonly clock: Clock
  readonly signer: Signer
  readonly store: JobStore
  readonly relays: RelayPool
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly intake: Intake
  readonly census: Census
  readonly exposure: Pick<Holds, 'losses'>
  readonly settlements: Pick<SettlementWatch, 'size'>
  readonly readBack: Pick<ReadBack, 'counts'>
  readonly readRelays: readonly string[]
  /** An older proof that a relay delivers is none. */
  readonly proofLastsMs: Millis
  readonly startedAt: number
  readonly name?: NameCheck | null
}): DaemonStatus {
  const { clock, signer, store, wallets, intake, census, settlements, readRelays, proofLastsMs, startedAt } = sources
  const now = clock.now()
  const losses = sources.exposure.losses()
  const relays = sources.relays.status()
  const isProven = ({ listening, provenAt }: RelayStatus) =>
    listening > 0 && provenAt !== null && now - provenAt <= proofLastsMs
  const delivers = relays.some((relay) => readRelays.includes(relay.url) && isProven(relay))
  const trouble = signer.health?.trouble ?? null
  const reasons = [
    ...(trouble === null ? [] : [trouble]),
    ...(delivers ? [] : ['no read relay delivers']),
    ...(store.acceptsJobs() ? [] : ['the disk is full, or the state directory is out of reach']),
  ]
  return {
    ready: reasons.length === 0,
    reasons,
    pubkey: signer.pubkey,
    name: sources.name?.verdict ?? null,
    pid: process.pid,
    uptimeSeconds: Math.floor((now - startedAt) / 1000),
    openJobs: census.openInAll(),
    watchedInvoices: settlements.size,
    relays: relays.map(({ provenAt, ...relay }) => ({
      ...relay,
      proofAgeSeconds: provenAt === null ? null : Math.max(0, Math.floor((now - provenAt) / 1000)),
    })),
    wallets: [...wallets].map(([name, { methods }]) => ({
      name,
      usable: methods.size > 0,
      methods: [...methods],
    })),
    intake: intake.counts,
    losses: losses.count,
    lossMsat: losses.msat,
    readBack: { ...sources.readBack.counts },
  }
}

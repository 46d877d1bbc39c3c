/** How does what is sent in gift wraps reach the engine? Wires the mail, its sorting and the dispatch of tasks. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import type { EventId, Pubkey } from '../core/identifiers.js'
import type { Upstream } from '../core/route.js'
import type { Cancellations } from '../engine/cancellations.js'
import { createDispatch } from '../engine/dispatch.js'
import type { Drive } from '../engine/drive.js'
import type { Intake } from '../engine/intake.js'
import { openMail, type MailCount } from '../engine/mail.js'
import { createMailSorting, type SortedCount } from '../engine/mail-sorting.js'
import type { Probe } from '../engine/probe.js'
import type { RelayLists } from '../ports.js'
import type { CustomerProof } from '../settlement/customer-proof.js'
import type { StepContext } from '../steps/context.js'

export interface PrivateMail {
  readonly counts: Readonly<Record<MailCount | SortedCount, number>>
  stop(): void
}

/** Listens from now on. */
export function openPrivateMail(wiring: {
  readonly config: Config
  readonly adapters: Adapters
  readonly upstreams: readonly Upstream[]
  readonly context: StepContext
  readonly lists: RelayLists
  readonly intake: Intake
  readonly drive: Drive
  readonly proofs: CustomerProof
  readonly cancellations: Cancellations
  readonly probe: Probe
}): PrivateMail {
  const { config, adapters, upstreams, context, lists, intake, drive, cancellations, proofs } = wiring
  const { clock, log, relays, signer, store } = adapters
  const cancel = (jobId: EventId, author: Pubkey) => cancellations.callOff(jobId, author)

  /** Relays that have not answered for it are asked no more: whoever paid has what was paid for. */
  function acknowledged(jobId: EventId): void {
    const result = store.get(jobId)?.outbox.find(({ purpose }) => purpose === 'result')
    log.info({ job: jobId }, 'acknowledged')
    if (!result) return
    for (const relay of Object.keys(result.relays)) {
      if (result.relays[relay] === 'pending') result.relays[relay] = 'accepted'
    }
    drive.wake(jobId)
  }

  const dispatch = createDispatch({
    self: signer.pubkey,
    upstreams,
    tasks: Object.entries(config.dispatch.tasks).map(([task, call]) => ({ task, ...call })),
    context: () => context,
    arrive: (arrival, objection) => intake.arrive(arrival, objection),
    cancel,
    prove: (jobId, preimage) => proofs.take(jobId, preimage),
    acknowledged,
    maxAheadMs: config.jobs.maxAheadSeconds * 1000,
    clock,
  })
  for (const { id, customer, channel } of store.live()) {
    if (channel?.type === 'dispatch') dispatch.remember(customer, channel.requestId, id)
  }
  const sorting = createMailSorting({
    kinds: adapters.handlers,
    lists,
    knows: (id) => intake.knows(id),
    arrive: (arrival) => intake.arrive(arrival),
    dispatch: config.dispatch.enabled ? dispatch : null,
    cancel,
    prove: (proof) => void proofs.receive(proof, true),
    clock,
    log,
  })
  const mail = openMail({
    signer,
    relays,
    from: [...new Set([...config.relays.read, ...config.relays.inbox])],
    probe: wiring.probe,
    deliver: (rumor, relay) => sorting.deliver(rumor, relay),
    clock,
    log,
  })
  return {
    get counts() {
      return { ...mail.counts, ...sorting.counts }
    },
    stop() {
      mail.stop()
      sorting.stop()
    },
  }
}

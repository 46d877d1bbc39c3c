/** Which facts are on disk before the job goes on? */
import type { FactType } from '../core/transition.js'

/**
 * ORDER: which facts are on disk before the job goes on, and what a crash would cost otherwise.
 * attempting, gathered: the call could be sent twice. signed: another event would be signed after the crash, and two invoices or results
 * would be out. reworked: as signed. outsized: the answer would be lost while it is uploaded. settled: the preimage could be lost. cancelled: as signed.
 * funded: the upstream would be paid before anybody knew why. paid: the preimage could be lost. payRefused: the next run would wait for the
 * invoice to expire before it gives the money back. taken, lost: the first call is announced with it. refundMoved: it could be paid back twice.
 * retried: the operator's word. The others cost nothing: after a crash the step before them is performed again, and says the same.
 */
export const SAVED_FIRST: Readonly<Record<FactType, boolean>> = {
  attempting: true,
  gathered: true,
  signed: true,
  reworked: true,
  outsized: true,
  settled: true,
  retried: true,
  cancelled: true,
  funded: true,
  paid: true,
  payRefused: true,
  taken: true,
  lost: true,
  refundMoved: true,
  unsent: false,
  payUnknown: false,
  tracked: false,
  settleDue: false,
  returned: false,
  owed: false,
  attemptFailed: false,
  challenged: false,
  answered: false,
  invoiced: false,
  offered: false,
  lapsed: false,
  delivered: false,
  refused: false,
  answeredElsewhere: false,
}

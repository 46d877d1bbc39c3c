/** Does the journal keep one truth for several processes, through crashes and strangers' hands? */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EventId, PaymentHash, Preimage, Pubkey } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { createPaymentJournal, type PaymentJournal, type PinnedOffer } from '../../../src/customer/payment-journal.js'

const ID = 'aa'.repeat(32) as EventId
const offer = (bolt11: string): PinnedOffer => ({
  jobId: ID,
  provider: 'bb'.repeat(32) as Pubkey,
  bolt11,
  paymentHash: 'cc'.repeat(32) as PaymentHash,
  amountMsat: 21_000 as Msat,
  at: 1,
})

let directory: string
let journal: PaymentJournal
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-journal-'))
  journal = createPaymentJournal(join(directory, 'requests'))
})
afterEach(async () => {
  await rm(directory, { recursive: true })
})

const another = () => createPaymentJournal(join(directory, 'requests'))

it('gives one try to one of many that claim it at once', async () => {
  const journals = Array.from({ length: 20 }, another)
  const claims = await Promise.all(journals.map((one) => one.claimAttempt({ number: 1, intent: offer('lnbc1') })))
  expect(claims.filter((won) => won)).toHaveLength(1)
  expect(await journal.lastAttempt(ID)).toEqual({ number: 1, intent: offer('lnbc1'), outcome: null })
})

it('pins the first offer for everybody', async () => {
  const pinned = await Promise.all(['lnbc1', 'lnbc2', 'lnbc3'].map((bolt11) => another().pinOffer(offer(bolt11))))
  expect(new Set(pinned.map(({ bolt11 }) => bolt11)).size).toBe(1)
  expect(await journal.offer(ID)).toEqual(pinned[0])
})

it('knows nothing of a job that it never saw', async () => {
  expect(await journal.job(ID)).toBeNull()
  expect(await journal.offer(ID)).toBeNull()
  expect(await journal.lastAttempt(ID)).toBeNull()
})

it('keeps what is paid when a lesser outcome comes late', async () => {
  await journal.claimAttempt({ number: 1, intent: offer('lnbc1') })
  const attempt = await journal.lastAttempt(ID)
  const paid = { type: 'paid', preimage: 'dd'.repeat(32) as Preimage, feesMsat: null, at: 2 } as const
  await journal.saveOutcome(attempt!, paid)
  await journal.saveOutcome(attempt!, { type: 'unknown', reason: 'late', at: 3 })
  expect(await journal.lastAttempt(ID)).toMatchObject({ outcome: paid })
})

it('never takes a spoilt file for a payment that was not made', async () => {
  await journal.claimAttempt({ number: 1, intent: offer('lnbc1') })
  await writeFile(join(directory, 'requests', `${ID}.payment-1.json`), '{"number":1,')
  await expect(journal.lastAttempt(ID)).rejects.toMatchObject({ code: 'store-corrupt' })
})

it('never takes a try that is missing for one that was not made, while a later one is there', async () => {
  for (const number of [1, 2]) await journal.claimAttempt({ number, intent: offer('lnbc1') })
  await rm(join(directory, 'requests', `${ID}.payment-1.json`))
  await expect(journal.lastAttempt(ID)).rejects.toMatchObject({ code: 'store-corrupt' })
})

it('leaves whole files that their owner alone can read, and no drafts', async () => {
  await journal.pinOffer(offer('lnbc1'))
  await journal.pinOffer(offer('lnbc2'))
  await journal.claimAttempt({ number: 1, intent: offer('lnbc1') })
  await journal.saveCredential(ID, 'L402 a:b')
  const names = await readdir(join(directory, 'requests'))
  expect(names.sort()).toEqual([`${ID}.credential.json`, `${ID}.offer.json`, `${ID}.payment-1.json`])
  for (const name of names) expect((await stat(join(directory, 'requests', name))).mode & 0o777).toBe(0o600)
  expect((await stat(join(directory, 'requests'))).mode & 0o777).toBe(0o700)
})

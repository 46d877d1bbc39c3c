/** Is an invoice shown only when everything about it holds, and somebody can tell that it was paid? */
import { describe, expect, it } from 'vitest'
import type { Challenge, Invoicing } from '../../../src/core/job.js'
import type { IncomingState } from '../../../src/ports.js'
import type { MerchantWallet } from '../../../src/settlement/merchant-wallet.js'
import { invoicing } from '../../../src/steps/invoicing.js'
import { CRAFTED_AT, CRAFTED_HASH, CRAFTED_PAYEE, craftInvoice } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createScriptedWallet, scriptedSource } from '../../support/scripted-wallet.js'
import { PROVIDER_KEY, signAs } from '../../support/sign-jobs.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { createStepWorld, type StepWorld } from '../../support/step-world.js'

type Changes = Parameters<typeof createStepWorld>[0]
const STATUS_URL = 'https://api.test/status?t=1'
const HASH = CRAFTED_HASH as never

function jobOf(challenge: Partial<Challenge> = {}, changes: Partial<Invoicing> = {}): Invoicing {
  const job = jobIn('invoicing')
  const usual = { bolt11: craftInvoice(), token: craftToken({ paymentHash: CRAFTED_HASH }), statusUrl: STATUS_URL }
  return { ...job, challenge: { ...job.challenge, ...usual, ...challenge }, ...changes }
}
const refused = (rejected: string) => ({ type: 'refused', rejection: { rejected } })

describe('an offer', () => {
  it('holds what was decoded from the invoice, and the secrets apart', async () => {
    const { context, clock } = createStepWorld()
    const job = jobOf()
    expect(await invoicing(context, job)).toEqual({
      type: 'invoiced',
      offer: {
        ...{ scheme: 'L402', bolt11: job.challenge.bolt11, paymentHash: CRAFTED_HASH, amountMsat: 21_000 },
        ...{ payee: CRAFTED_PAYEE, issuedAt: CRAFTED_AT * 1000, expiresAt: (CRAFTED_AT + 3_600) * 1000 },
        ...{ offeredAt: clock.now(), sources: ['statusEndpoint'] },
      },
      secrets: { token: job.challenge.token, statusUrl: STATUS_URL },
    })
  })

  const cases: [string, Changes, Invoicing, string][] = [
    ['that is no invoice', {}, jobOf({ bolt11: 'lnbcrt1nonsense' }), 'invoice-invalid'],
    ['of another network', { settings: { network: 'mainnet' } }, jobOf(), 'invoice-invalid'],
    ['without an amount', {}, jobOf({ bolt11: craftInvoice({ hrp: 'lnbcrt' }) }), 'invoice-invalid'],
    ['from yesterday', {}, jobOf({ bolt11: craftInvoice({ timestamp: CRAFTED_AT - 86_400 }) }), 'invoice-invalid'],
    ['of another payee', { upstream: { payee: `02${'ab'.repeat(32)}` } }, jobOf(), 'invoice-invalid'],
    [
      'that the token does not mean',
      {},
      jobOf({ token: craftToken({ paymentHash: '77'.repeat(32) }) }),
      'challenge-invalid',
    ],
    ['above the bid', {}, jobOf({}, { bidMsat: 20_999 as never }), 'price-exceeds-bid'],
    ['above the cap', { route: { maxMsat: 20_999 as never } }, jobOf(), 'price-exceeds-cap'],
    ['below the least', { route: { minMsat: 21_001 as never } }, jobOf(), 'invoice-invalid'],
    ['that nobody could follow', {}, jobOf({ statusUrl: null }), 'no-settlement-path'],
    ['whose status endpoint is switched off', { upstream: { statusEndpoint: false } }, jobOf(), 'no-settlement-path'],
    ['on a route that is gone', { route: { name: 'another' } }, jobOf(), 'path-not-allowed'],
  ]
  it.each(cases)('is not made of an invoice %s', async (_, changes, job, code) => {
    expect(await invoicing(createStepWorld(changes).context, job)).toMatchObject(refused(code))
  })

  it('is made at the bid, and at the cap', async () => {
    const { context } = createStepWorld({ route: { maxMsat: 21_000 as never, minMsat: 21_000 as never } })
    expect(await invoicing(context, jobOf({}, { bidMsat: 21_000 as never }))).toMatchObject({ type: 'invoiced' })
  })

  it('is not made with a payment hash that any job ever had', async () => {
    const { context, store } = createStepWorld()
    const other = jobIn('awaiting')
    await store.insert({ ...other, id: 'e'.repeat(64) as never, offer: { ...other.offer, paymentHash: HASH } })
    expect(await invoicing(context, jobOf())).toMatchObject(refused('invoice-invalid'))
  })

  it('relies on the proof of whoever promised it', async () => {
    const { context } = createStepWorld()
    const fact = await invoicing(context, jobOf({ statusUrl: null }, { proofPromised: true }))
    expect(fact).toMatchObject({ type: 'invoiced', offer: { sources: ['customerProof'] } })
  })
})

describe('the merchant wallet', () => {
  const withWallet = (look: IncomingState | Error, source: Partial<MerchantWallet> = {}) => {
    const port = createScriptedWallet()
    port.looks.set(HASH, look)
    const world = createStepWorld({ wallet: { port, source: scriptedSource(source) } })
    return { ...world, port, ask: (job = jobOf({ statusUrl: null })) => invoicing(world.context, job) }
  }
  const settled: IncomingState = { state: 'settled', preimage: null, amountMsat: 21_000 as never, settledAt: null }

  it('is a source where it knows the invoice as unpaid', async () => {
    const { ask } = withWallet({ state: 'pending' })
    expect(await ask()).toMatchObject({ type: 'invoiced', offer: { sources: ['merchantWallet'] } })
  })

  it.each([{ state: 'not_found' }, { state: 'expired' }, { state: 'cancelled' }] as const)(
    'is none where it says $state',
    async (look) => {
      expect(await withWallet(look).ask()).toMatchObject(refused('no-settlement-path'))
      expect(await withWallet(look).ask(jobOf())).toMatchObject({ offer: { sources: ['statusEndpoint'] } })
    },
  )

  it('stops an invoice that is settled already, whether it says so when asked or said so before', async () => {
    expect(await withWallet(settled).ask(jobOf())).toMatchObject(refused('invoice-invalid'))
    const before = withWallet({ state: 'pending' }, { isKnownSettled: () => true })
    expect(await before.ask(jobOf())).toMatchObject(refused('invoice-invalid'))
    expect(before.port.calls).toEqual([])
  })

  it('is asked once per payee where it pushed everything since before the invoice was made', async () => {
    const { ask, port } = withWallet({ state: 'pending' }, { listeningSince: () => CRAFTED_AT * 1000 - 1_001 })
    for (let times = 0; times < 3; times += 1) expect(await ask()).toMatchObject({ type: 'invoiced' })
    expect(port.calls).toHaveLength(1)
  })

  it.each([
    ['does not push', null],
    ['has pushed only since the invoice was made', CRAFTED_AT * 1000 - 1_000],
  ])('is asked every time where it %s', async (_, since) => {
    const { ask, port } = withWallet({ state: 'pending' }, { listeningSince: () => since })
    for (let times = 0; times < 3; times += 1) await ask()
    expect(port.calls).toHaveLength(3)
  })

  it('that fails is done without where another source follows the payment, and waited for where none does', async () => {
    const { ask } = withWallet(new Error('away'))
    expect(await ask(jobOf())).toMatchObject({ type: 'invoiced', offer: { sources: ['statusEndpoint'] } })
    await expect(ask()).rejects.toThrow('away') // the lane tries again
  })

  it('that is not usable yet is waited for, for a while', async () => {
    const port = createScriptedWallet([])
    const { context, clock } = createStepWorld({ wallet: { port, source: scriptedSource() } })
    const job = jobOf({ statusUrl: null })
    expect(await invoicing(context, job)).toMatchObject({ type: 'pause' })
    await clock.advance(30_000)
    expect(await invoicing(context, job)).toMatchObject(refused('no-settlement-path'))
  })
})

describe('another daemon with our key', () => {
  const job = jobOf()
  const ours = (tags: string[][], kind = 7000) =>
    createKeySigner(PROVIDER_KEY).sign({ kind, created_at: CRAFTED_AT, tags, content: '' })
  const found = async (world: StepWorld, event: unknown) => {
    world.pool.stored.push(event)
    return (await invoicing(world.context, job)).type
  }

  it.each([7000, 6800])('that answered with kind %i is left to it', async (kind) => {
    expect(await found(createStepWorld(), await ours([['e', job.id]], kind))).toBe('answeredElsewhere')
  })

  it.each([
    ['of somebody else', async () => signAs(1, { kind: 7000, tags: [['e', job.id]] })],
    ['with a forged signature', async () => ({ ...(await ours([['e', job.id]])), sig: '0'.repeat(128) })],
    ['of ours to another job', async () => ours([['e', '9'.repeat(64)]])],
  ])('is not made up by a relay that shows an answer %s', async (_, event) => {
    expect(await found(createStepWorld(), await event())).toBe('invoiced')
  })
})

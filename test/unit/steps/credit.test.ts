/** Whose is the credit that is left, how long is it kept, and who is told of it? */
import { describe, expect, it } from 'vitest'
import type { Msat } from '../../../src/core/money.js'
import type { Fetching, Publishing, Quoting } from '../../../src/core/job.js'
import type { Credit } from '../../../src/ports.js'
import { fetching } from '../../../src/steps/fetching.js'
import { failing } from '../../../src/steps/failing.js'
import { publishing } from '../../../src/steps/publishing.js'
import { quoting } from '../../../src/steps/quoting.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { craftInvoice, CRAFTED_HASH, CRAFTED_PREIMAGE } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer } from '../../support/scripted-upstream.js'
import { signJob } from '../../support/sign-jobs.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const CUSTOMER = createKeySigner(Buffer.alloc(32, 9))
const STRANGER = createKeySigner(Buffer.alloc(32, 10))
const CALLS = { attempt: { run: RUN }, tries: 1, refusals: 0, breakages: 0, retryAt: 0, outcomeUnknown: false }
const request = (tags: readonly (readonly string[])[] = []): string => {
  const signed = signJob()
  return JSON.stringify({ ...signed, tags: [...signed.tags, ...tags] })
}
const quotingJob = (customer = CUSTOMER.pubkey): Quoting => ({
  ...jobIn('quoting'),
  ...{ customer, request: request(), calls: { ...CALLS, attempt: { run: RUN } } },
})
const fetchingJob = (): Fetching => ({
  ...jobIn('fetching'),
  ...{ customer: CUSTOMER.pubkey, request: request(), calls: { ...CALLS, attempt: { run: RUN } } },
})

const TOKEN = craftToken({ paymentHash: CRAFTED_HASH })
const authorizationWith = (...caveats: string[]): string =>
  `L402 ${craftToken({ paymentHash: CRAFTED_HASH, caveats })}:${CRAFTED_PREIMAGE}`
const credit = (over: Partial<Credit> = {}): Credit => ({
  customer: CUSTOMER.pubkey,
  upstream: 'api',
  authorization: authorizationWith(),
  balanceSats: 50,
  savedAt: 1,
  ...over,
})

function withCredit(kept: Partial<Credit> | null, changes: Parameters<typeof createStepWorld>[0] = {}) {
  const world = createStepWorld(changes)
  if (kept) world.store.putCredit(credit(kept))
  return { ...world, left: () => world.store.credit(CUSTOMER.pubkey, 'api') }
}

describe('a credential that is kept', () => {
  const clock = createFakeClock()
  const at = (ms: number) => new Date(clock.now() + ms).toISOString()

  it.each([
    ['ended by its token', { authorization: authorizationWith(`expires = ${at(-1_000)}`) }, {}],
    [
      'ended by its token, as a service writes it',
      { authorization: authorizationWith(`api_valid_until=${Math.floor(clock.now() / 1000) - 5}`) },
      {},
    ],
    ['older than the operator keeps them', { savedAt: clock.now() - 86_400_000 }, { creditMs: 86_400_000 }],
  ])('is forgotten and not sent where it is %s', async (_name, kept, upstream) => {
    const { context, api, left } = withCredit(kept, { upstream, clock })
    await quoting(context, quotingJob())
    expect(api.requests[0]).not.toHaveProperty('authorization')
    expect(left()).toBeUndefined()
  })

  it('is sent while its token lasts', async () => {
    const { context, api } = withCredit(
      { authorization: authorizationWith(`expires = ${at(60_000)}`), savedAt: clock.now() },
      { upstream: { creditMs: 86_400_000 }, clock },
    )
    await quoting(context, quotingJob())
    expect(api.requests[0]).toHaveProperty('authorization')
  })

  it('stays at home for a call that costs more than is left, and stays kept', async () => {
    const { context, api, left } = withCredit({ balanceSats: 5 }, { route: { priceMsat: 6_000 as Msat } })
    await quoting(context, quotingJob())
    expect(api.requests[0]).not.toHaveProperty('authorization')
    expect(left()).toMatchObject({ balanceSats: 5 })
  })

  it('is never sent for another customer', async () => {
    const { context, api } = withCredit({})
    await quoting(context, quotingJob(STRANGER.pubkey))
    expect(api.requests[0]).not.toHaveProperty('authorization')
  })
})

describe('a credential that is refused', () => {
  const challenge = (callSats: number) => {
    const header = `L402 macaroon="${TOKEN}", invoice="${craftInvoice()}"`
    const body = {
      l402: {
        invoice: craftInvoice(),
        macaroon: TOKEN,
        payment_hash: CRAFTED_HASH,
        payment_url: `/invoice-status/${CRAFTED_HASH}?token=${'ab'.repeat(32)}`,
      },
      ietf_payment: { amount_sats: callSats },
    }
    return answer(402, JSON.stringify(body), { 'www-authenticate': header, 'content-type': 'application/json' })
  }

  it('is dropped, and the job is quoted like any other', async () => {
    const { context, api, left } = withCredit({})
    api.script(challenge(21))
    expect(await quoting(context, quotingJob())).toMatchObject({ type: 'challenged' })
    expect(left()).toBeUndefined()
  })

  it('is kept where it was only too little for this call', async () => {
    const { context, api, left } = withCredit({ balanceSats: 20 })
    api.script(challenge(21))
    expect(await quoting(context, quotingJob())).toMatchObject({ type: 'challenged' })
    expect(left()).toMatchObject({ balanceSats: 20 })
  })

  it('does not take with it what another job of the customer has bought meanwhile', async () => {
    const { context, api, store, left } = withCredit({})
    const newer = credit({ authorization: `L402 newer:${CRAFTED_PREIMAGE}`, balanceSats: 900 })
    api.script(() => {
      store.putCredit(newer)
      return answer(401)
    })
    await quoting(context, quotingJob())
    expect(left()).toBe(newer)
  })
})

describe('after a call', () => {
  it('a credential with nothing left does not push out one that has some', async () => {
    const { context, api, left } = withCredit({ balanceSats: 900 })
    api.script(answer(200, 'fine', { 'x-credit-balance': '0' }))
    await fetching(context, fetchingJob())
    expect(left()).toMatchObject({ balanceSats: 900 })
    api.script(answer(200, 'fine', { 'x-credit-balance': '30' }))
    await fetching(context, fetchingJob())
    expect(left()).toMatchObject({ balanceSats: 900 })
  })

  it('a token without a balance is kept where the operator says that tokens stay good, and only there', async () => {
    for (const tokensStayGood of [true, false]) {
      const { context, api, left } = withCredit(null, { upstream: { tokensStayGood } })
      api.script(answer(200, 'fine'))
      await fetching(context, fetchingJob())
      expect(left()?.balanceSats).toBe(tokensStayGood ? null : undefined)
    }
  })

  it('what was debited for a call that failed is known', async () => {
    const { context, api, left } = withCredit({ balanceSats: 50 })
    api.script(answer(500, '', { 'x-credit-balance': '29' }))
    await quoting(context, quotingJob())
    expect(left()).toMatchObject({ balanceSats: 29 })
  })
})

describe('what is left', () => {
  const published = (params: string[][], customer = CUSTOMER.pubkey): Publishing => {
    const { calls: _calls, state: _state, ...admitted } = jobIn('quoting')
    return {
      ...admitted,
      ...{ state: 'publishing', customer, request: request(params) },
      output: { content: 'fine', encoding: 'text', contentType: null, httpStatus: 200 },
    }
  }
  const ASK = [['param', 'credential', 'enclose']]
  const tagsOf = async (world: ReturnType<typeof withCredit>, job: Publishing): Promise<string[][]> => {
    const fact = await publishing(world.context, job)
    if (fact.type !== 'signed') throw new Error(fact.type)
    return (JSON.parse(fact.delivery.event ?? '') as { tags: string[][] }).tags
  }
  const named = (tags: string[][], name: string) => tags.find(([first]) => first === name)

  it('stands in the result, with the place where it is good', async () => {
    expect(named(await tagsOf(withCredit({}), published([])), 'credit')).toEqual([
      'credit',
      '50',
      'https://public.test',
    ])
    expect(named(await tagsOf(withCredit({ balanceSats: null }), published([])), 'credit')?.[1]).toBe('')
    expect(named(await tagsOf(withCredit(null), published([])), 'credit')).toBeUndefined()
  })

  it('is handed over where its owner asks for it, sealed to that key', async () => {
    const world = withCredit({})
    const tags = await tagsOf(world, published(ASK))
    const [, sealed = ''] = named(tags, 'credential') ?? []
    const opened = JSON.parse(await CUSTOMER.decrypt(world.context.signer.pubkey, sealed)) as object
    expect(opened).toMatchObject({
      ...{ type: 'l402-credential', scheme: 'L402', preimage: CRAFTED_PREIMAGE, payment_hash: CRAFTED_HASH },
      ...{ credit_sats: 50, authorization: authorizationWith(), url: 'https://public.test' },
    })
    await expect(STRANGER.decrypt(world.context.signer.pubkey, sealed)).rejects.toThrow()
    expect(named(await tagsOf(world, published([])), 'credential')).toBeUndefined()
  })

  it('is told and handed over to nobody else', async () => {
    const tags = await tagsOf(withCredit({}), published(ASK, STRANGER.pubkey))
    expect(named(tags, 'credit')).toBeUndefined()
    expect(named(tags, 'credential')).toBeUndefined()
  })

  it('is enclosed where a call by it may have taken effect and no answer came', async () => {
    const world = withCredit({})
    const failure = { code: 'outcome-unknown', detail: null, httpStatus: null } as const
    const { output: _output, ...rest } = published([])
    const fact = await failing(world.context, { ...rest, state: 'failing', failure })
    if (fact.type !== 'signed') throw new Error(fact.type)
    const { content } = JSON.parse(fact.delivery.event ?? '') as { content: string }
    expect(JSON.parse(await CUSTOMER.decrypt(world.context.signer.pubkey, content))).toMatchObject({ credit_sats: 50 })
  })
})

/** Does the self-test of a wallet find out what would cost money later? */
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { tryHold } from '../../../src/cli/try-hold.js'
import { signInvoice, type UnsignedInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import type { HoldInvoiceRequest } from '../../../src/ports.js'
import { createScriptedPurse, type PurseScript } from '../../support/scripted-purse.js'

const KEY = randomBytes(32)

/** A wallet that signs what it is asked for, but for the changes. */
function open(script: Partial<PurseScript> = {}, changes: Partial<UnsignedInvoice> = {}) {
  const purse = createScriptedPurse(script)
  const requests: HoldInvoiceRequest[] = []
  const wallet = {
    ...purse.wallet,
    makeHoldInvoice: async (request: HoldInvoiceRequest) => {
      requests.push(request)
      const timestamp = Math.floor(Date.now() / 1000)
      const bolt11 = signInvoice(
        { ...request, paymentSecret: '11'.repeat(32), timestamp, prefix: 'bcrt', ...changes },
        KEY,
      )
      return { type: 'made', bolt11 } as const
    },
  }
  return { purse, requests, tried: () => tryHold('purse', wallet) }
}

it('a wallet that keeps its word is proven by one sat, which nobody is shown', async () => {
  const { tried, requests, purse } = open()
  expect(await tried()).toMatchObject({
    verdict: 'ok',
    says: 'A hold invoice of one sat was made, found and taken back.',
  })
  expect(requests).toMatchObject([{ amountMsat: 1_000, expirySeconds: 60 }])
  expect(purse.calls).toEqual(['lookupInvoice', 'cancelHoldInvoice'])
})

it('one that takes back accepted holds only is no worse', async () => {
  expect(await open({ cancel: new Error('NOT_FOUND') }).tried()).toMatchObject({
    ...{ verdict: 'ok', says: expect.stringContaining('ends by itself') as string },
  })
})

it.each<[string, Partial<PurseScript>, Partial<UnsignedInvoice>, string]>([
  ['gives another hash', {}, { paymentHash: '22'.repeat(32) }, 'another payment hash'],
  ['gives another amount', {}, { amountMsat: 2_000 as never }, 'another amount'],
  ['ignores the blocks', {}, { minCltvDelta: 18 }, 'holds for 18 blocks'],
  ['does not know it afterwards', { incoming: { state: 'not_found' } }, {}, 'calls a hold invoice not_found'],
  ['does not answer', { incoming: new Error('away') }, {}, 'away'],
])('one that %s is found out', async (_what, script, changes, says) => {
  expect(await open(script, changes).tried()).toMatchObject({
    ...{ verdict: 'failed', says: expect.stringContaining(says) as string },
  })
})

it('one that does not claim the ability is not asked', async () => {
  const { purse, tried } = open()
  purse.abilities.delete('settleHoldInvoice')
  expect(await tried()).toBeNull()
})

/** Is money spent once, and never more than was allowed, whatever wallets, crashes and other processes do? */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHireWorld, type HireWorld } from '../support/hire-world.js'

let world: HireWorld
beforeEach(async () => {
  world = await createHireWorld()
})
afterEach(() => world.stop())

describe('the budget', () => {
  it('of a window holds over hires, and nothing is sent once it is used up', async () => {
    const agent = await world.agent()
    const budget = { budgetSats: '31', budgetHours: '1' }
    const first = world.hiring(budget)
    await world.serve(agent, await agent.nextRequest())
    expect(await first.exit).toBe(0)
    const second = world.hiring(budget)
    expect(await second.exit).toBe(4)
    expect(second.lines.at(-1)).toMatchObject({ outcome: 'not-payable', code: 'over-budget' })
    expect(await agent.requests()).toBe(1)
    expect(world.asked).toHaveLength(1)
  })

  it('is not passed by the last hire that begins within it', async () => {
    const agent = await world.agent()
    const first = world.hiring({ budgetSats: '51' })
    await world.serve(agent, await agent.nextRequest())
    await first.exit
    const second = world.hiring({ budgetSats: '51' })
    const request = await agent.nextRequest(2)
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    expect(await second.exit).toBe(4)
    expect(second.lines.at(-1)).toMatchObject({ code: 'over-budget' })
    expect(world.asked).toHaveLength(1)
    // It is still open: with more budget the same hire goes on, and the same invoice is paid.
    const third = world.hiring({ budgetSats: '52' })
    await third.until('paid')
    await agent.result(request, 'at last')
    expect(await third.exit).toBe(0)
    expect(await agent.requests()).toBe(2)
    expect(world.asked).toHaveLength(2)
  })

  it('holds with the fees, of which nobody knows before what they will be', async () => {
    world.payer.faults.feeMsat = 9_000
    const agent = await world.agent()
    const budget = { budgetSats: '60' }
    const first = world.hiring(budget)
    await world.serve(agent, await agent.nextRequest())
    expect(await first.exit).toBe(0)
    expect(first.told('paid')).toMatchObject([{ amountMsat: 21_000, feesMsat: 9_000 }])
    // 30 are left: enough for price and fees as they were, and not for fees as they may be.
    const second = world.hiring(budget)
    const request = await agent.nextRequest(2)
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    expect(await second.exit).toBe(4)
    expect(second.lines.at(-1)).toMatchObject({ code: 'over-budget' })
    const third = world.hiring({ ...budget, maxFeeSats: '9', param: ['another=one'] })
    await world.serve(agent, await agent.nextRequest(3))
    expect(await third.exit).toBe(0)
    const costs = world.payer.payments().map(({ amountMsat, feesMsat }) => amountMsat + (feesMsat ?? 0))
    expect(costs.reduce((sum, cost) => sum + cost)).toBe(60_000)
  })

  it('of one hire holds with the fees: no price is agreed on that leaves nothing for them', async () => {
    const agent = await world.agent({ task: 'joke', priceSats: 45, atMost: true })
    const first = world.hiring()
    const request = await agent.nextRequest()
    expect(request.message.maxMsat).toBe(40_000)
    await agent.counter(request, 40_001)
    expect(await first.exit).toBe(4)
    const second = world.hiring({ maxFeeSats: '0' })
    expect((await agent.nextRequest(2)).message.maxMsat).toBe(50_000)
    second.stop()
    await second.exit
    await expect(world.hiring({ maxSats: '10' }).exit).rejects.toMatchObject({ code: 'usage' })
  })

  it('counts a payment of which nothing is known as spent', async () => {
    const agent = await world.agent()
    world.service.behave({ methods: ['pay_invoice', 'lookup_invoice'], replies: 'nothing' })
    const first = world.hiring({ budgetSats: '61', timeout: '15' })
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    await first.until('payment-unknown')
    first.stop()
    expect(await first.exit).toBe(130)
    const second = world.hiring({ budgetSats: '61', param: ['another=one'] })
    const other = await agent.nextRequest(2)
    await agent.accept(other, 21_000)
    await agent.invoice(other, (await world.invoice(21_000)).bolt11, 21_000)
    expect(await second.exit).toBe(4)
    expect(second.lines.at(-1)).toMatchObject({ code: 'over-budget' })
    expect(world.asked).toHaveLength(1)
  })

  it('is given back where the wallet refuses', async () => {
    const agent = await world.agent()
    world.service.behave({ methods: ['pay_invoice'], refuseWith: 'INSUFFICIENT_BALANCE' })
    const first = world.hiring({ budgetSats: '31' })
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    expect(await first.exit).toBe(5)
    world.service.behave({})
    const second = world.hiring({ budgetSats: '31' })
    await second.until('paid')
    await agent.result(request, 'paid at the second try')
    expect(await second.exit).toBe(0)
  })

  it('is shared by hires that run at the same time', async () => {
    const agent = await world.agent()
    const runs = ['1', '2', '3', '4'].map((n) => world.hiring({ budgetSats: '52', param: [`number=${n}`] }))
    await Promise.all(
      runs.map(async (_, index) => {
        const request = await agent.nextRequest(index + 1)
        await agent.accept(request, 21_000)
        await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
      }),
    )
    for (const heard of agent.heard) {
      if (heard.message.type !== 'dispatch-request') continue
      await agent.result({ ...heard, message: heard.message }, 'whoever paid')
    }
    await Promise.all(runs.map(({ exit }) => exit))
    expect(world.asked.length).toBeLessThanOrEqual(2)
  })
})

describe('a hire that was broken off', () => {
  it('after the payment is taken up without asking or paying again', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    await first.until('paid')
    first.stop()
    expect(await first.exit).toBe(130)
    await agent.result(request, 'while nobody was there')
    const second = world.run({})
    expect(await second.exit).toBe(0)
    expect(second.lines.at(-1)).toMatchObject({ outcome: 'result', content: 'while nobody was there' })
    await agent.next('dispatch-ack')
    expect(await agent.requests()).toBe(1)
    expect(world.asked).toHaveLength(1)
  })

  it('before any answer asks again in the same rumor, which its recipient runs once', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    await agent.nextRequest()
    await first.until('published')
    first.stop()
    await first.exit
    const second = world.hiring()
    const request = await agent.nextRequest(2)
    expect(await agent.requests()).toBe(1)
    expect(agent.wraps).toHaveLength(2)
    await world.serve(agent, request)
    expect(await second.exit).toBe(0)
  })

  it('is given again with its result, and its acknowledgement is the same message', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    await world.serve(agent, await agent.nextRequest())
    await first.exit
    const hireId = first.lines.at(-1)?.['hireId']
    const again = world.run({ resume: String(hireId) })
    expect(await again.exit).toBe(0)
    expect(again.lines.at(-1)).toMatchObject({ content: 'a joke', amountMsat: 21_000 })
    const [one, two] = [await agent.next('dispatch-ack'), await agent.next('dispatch-ack', 2)]
    expect(two.rumor.id).toBe(one.rumor.id)
  })

  it('and had failed is not asked for again', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    await agent.refuse(await agent.nextRequest(), 'at-capacity', 'no')
    await first.exit
    const hireId = first.lines.at(-1)?.['hireId']
    await expect(world.run({ resume: String(hireId) }).exit).rejects.toMatchObject({ code: 'usage' })
  })

  it('and whose wallet did not answer is looked up, and not paid again', async () => {
    const agent = await world.agent()
    world.service.behave({ methods: ['pay_invoice'], replies: 'nothing' })
    const first = world.hiring()
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    await first.until('payment-unknown')
    await first.until('paid')
    await agent.result(request, 'it was paid after all')
    expect(await first.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
    expect(first.told('acknowledged')).toMatchObject([{ amountMsat: 21_000 }])
  })
})

/** Does an agent get hired in private, paid once, and thanked? The command against an agent that speaks the real wire. */
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Rumor } from '../../src/core/event.js'
import type { Msat } from '../../src/core/money.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { rumorOf } from '../../src/nostr/gift-wrap.js'
import { buildDispatch, type DispatchMessage } from '../../src/nostr/kinds/dispatch.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import { craftInvoice } from '../support/craft-invoice.js'
import { createHireWorld, type HireWorld } from '../support/hire-world.js'
import { openRelayClient } from '../support/relay-client.js'

let world: HireWorld
beforeEach(async () => {
  world = await createHireWorld()
})
afterEach(() => world.stop())

describe('a hire', () => {
  it('is found, agreed, paid, delivered and acknowledged', async () => {
    const agent = await world.agent()
    const run = world.hiring({ param: ['about=bridges'], input: ['a river', 'url:https://example.com/map'] })
    const request = await agent.nextRequest()
    expect(request.message).toMatchObject({ task: 'joke', params: { about: 'bridges' }, maxMsat: 21_000, re: null })
    expect(request.message.inputs).toEqual([['a river', 'text'], ['https://example.com/map', 'url']]) // prettier-ignore
    const bolt11 = await world.serve(agent, request)
    expect(await run.exit).toBe(0)
    const ack = await agent.next('dispatch-ack')
    expect(ack.message.re).toBe(request.message.id)
    expect(ack.rumor.pubkey).toBe(request.rumor.pubkey)
    expect(world.asked).toEqual([bolt11])
    const [acknowledged] = run.told('acknowledged')
    expect(acknowledged).toMatchObject({ jobId: request.rumor.id, amountMsat: 21_000 })
    expect(run.lines.at(-1)).toMatchObject({ type: 'ended', outcome: 'result', content: 'a joke', httpStatus: 200 })
  })

  it('is spoken of in gift wraps only, and never in the open', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    const { rumor } = await agent.nextRequest()
    await world.serve(agent, await agent.nextRequest())
    await run.exit
    const byHirer = [...world.relay.events()].filter(({ pubkey }) => pubkey === rumor.pubkey)
    expect(byHirer.map(({ kind }) => kind)).toEqual([10050])
    const opened = [...world.relay.events()].filter(({ kind }) => kind === 1059)
    expect(opened.every(({ tags }) => tags.length === 1)).toBe(true)
    expect(new Set(opened.map(({ pubkey }) => pubkey)).size).toBe(opened.length)
  })

  it('takes up a counter-offer within its limit, and names what it answers', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    const first = await agent.nextRequest()
    await agent.counter(first, 30_000)
    const second = await agent.nextRequest(2)
    expect(second.message).toMatchObject({ re: first.message.id, maxMsat: 30_000 })
    expect(second.rumor.id).not.toBe(first.rumor.id)
    await world.serve(agent, second, 'a dear joke', 30_000)
    expect(await run.exit).toBe(0)
    expect(run.told('acknowledged')).toMatchObject([{ jobId: second.rumor.id, amountMsat: 30_000 }])
  })

  it('withdraws from a counter-offer above its limit', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    await agent.counter(await agent.nextRequest(), 51_000)
    expect(await run.exit).toBe(4)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'not-payable', code: 'above-max' })
    await agent.next('dispatch-cancel')
    expect(world.asked).toEqual([])
  })

  it('ends with the refusal of the provider', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    await agent.refuse(await agent.nextRequest(), 'at-capacity', 'The service is at capacity.')
    expect(await run.exit).toBe(3)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'error', code: 'at-capacity', payment: 'none' })
  })

  it('waits for the agreement before it looks at an invoice, in whatever order they come', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    const request = await agent.nextRequest()
    const { bolt11 } = await world.invoice(21_000)
    await agent.invoice(request, bolt11, 21_000)
    await agent.status(request, 'thinking')
    await run.until('processing')
    expect(world.asked).toEqual([])
    await agent.accept(request, 21_000)
    await run.until('paid')
    await agent.result(request, 'late agreement')
    expect(await run.exit).toBe(0)
    expect(world.asked).toEqual([bolt11])
  })

  it('takes a result for which nothing was asked, and pays nothing', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    await agent.result(await agent.nextRequest(), 'on the house')
    expect(await run.exit).toBe(0)
    expect(run.told('acknowledged')).toMatchObject([{ amountMsat: 0 }])
  })

  it('keeps the credential of a job that was paid and not served, for its owner only', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    await run.until('paid')
    await agent.fail(request, 'upstream-failed', { type: 'l402-credential', token: 'abc' })
    expect(await run.exit).toBe(3)
    const ended = run.lines.at(-1)
    expect(ended).toMatchObject({ outcome: 'error', code: 'upstream-failed', payment: 'paid' })
    const file = String(ended?.['credentialFile'])
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ type: 'l402-credential', token: 'abc' })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(JSON.stringify([run.lines, run.said, run.log.lines])).not.toContain('"abc"')
  })
})

describe('an invoice', () => {
  it.each<[string, number, number, number, string]>([
    ['above what was agreed', 21_000, 22_000, 22_000, 'above-agreed'],
    ['that asks for more than the message says', 21_000, 21_000, 20_000, 'amount-differs'],
  ])('%s is not paid', async (_, agreed, amount, said, code) => {
    const agent = await world.agent()
    const run = world.hiring()
    const request = await agent.nextRequest()
    await agent.accept(request, agreed)
    await agent.invoice(request, (await world.invoice(amount)).bolt11, said)
    expect(await run.exit).toBe(4)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'not-payable', code })
    expect(world.asked).toEqual([])
  })

  it.each([
    ['for another network', { hrp: 'lnbc210n', timestamp: Math.floor(Date.now() / 1000) }, 'wrong-network'],
    ['that has expired', { hrp: 'lnbcrt210n', timestamp: 1_700_000_000 }, 'invoice-expired'],
  ])('%s is not paid', async (_, invoice, code) => {
    const agent = await world.agent()
    const run = world.hiring()
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, craftInvoice(invoice), 21_000)
    expect(await run.exit).toBe(4)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'not-payable', code })
  })

  it('of another hire is not paid again', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    const bolt11 = await world.serve(agent, await agent.nextRequest())
    await first.exit
    const second = world.hiring()
    const request = await agent.nextRequest(2)
    await agent.accept(request, 21_000)
    await agent.invoice(request, bolt11, 21_000)
    expect(await second.exit).toBe(4)
    expect(second.lines.at(-1)).toMatchObject({ code: 'hash-used' })
    expect(world.asked).toEqual([bolt11])
  })

  it('of another hire, sent while ours is being paid, ends nothing', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    const used = await world.serve(agent, await agent.nextRequest())
    await first.exit
    const second = world.hiring()
    const request = await agent.nextRequest(2)
    await agent.accept(request, 21_000)
    const { bolt11 } = await world.invoice(21_000)
    world.service.behave({ methods: ['pay_invoice'], replyDelayMs: 400 })
    await agent.invoice(request, bolt11, 21_000)
    await second.until('paying')
    await agent.invoice(request, used, 21_000)
    await second.until('paid')
    await agent.result(request, 'what was paid for')
    expect(await second.exit).toBe(0)
    expect(second.told('acknowledged')).toMatchObject([{ amountMsat: 21_000 }])
    expect(world.asked).toEqual([used, bolt11])
  })

  it('that follows another for the same hire is not paid', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    const request = await agent.nextRequest()
    const bolt11 = await world.serve(agent, request, '!').catch(() => '')
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    expect(await run.exit).toBe(0)
    expect(world.asked).toEqual([bolt11])
  })

  it('above the accepted ceiling is not even agreed to', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    await agent.accept(await agent.nextRequest(), 22_000)
    expect(await run.exit).toBe(4)
    expect(run.lines.at(-1)).toMatchObject({ code: 'above-max' })
  })
})

describe('a forgery', () => {
  const answer = (re: string): DispatchMessage => ({ type: 'dispatch-result', re, ts: '', output: 'a lie', tags: [] })

  it('by another agent is not heard, whatever it names', async () => {
    const [agent, stranger] = [await world.agent(), await world.agent(null)]
    const run = world.hiring()
    const request = await agent.nextRequest()
    await stranger.say(request.rumor.pubkey, answer(request.message.id))
    await world.serve(agent, request, 'the truth')
    await run.exit
    expect(run.lines.at(-1)).toMatchObject({ content: 'the truth' })
  })

  it('that puts the name of the provider into its rumor is not believed', async () => {
    const [agent, stranger] = [await world.agent(), await world.agent(null)]
    const run = world.hiring()
    const request = await agent.nextRequest()
    const hirer = request.rumor.pubkey
    const template = buildDispatch({ message: answer(request.message.id), to: hirer, about: null, createdAt: Math.floor(Date.now() / 1000) }) // prettier-ignore
    const forged: Rumor = rumorOf(agent.pubkey, template)
    const seal = await stranger.signer.sign({
      ...{ kind: 13, created_at: template.created_at, tags: [] },
      content: await stranger.signer.encrypt(hirer, JSON.stringify(forged)),
    })
    const once = await world.agent(null)
    await once.publish({
      ...{ kind: 1059, tags: [['p', hirer]] },
      content: await once.signer.encrypt(hirer, JSON.stringify(seal)),
    })
    await world.serve(agent, request, 'the truth')
    await run.exit
    expect(run.lines.at(-1)).toMatchObject({ content: 'the truth' })
  })

  it('of many wraps that cannot be opened hides nothing', async () => {
    const agent = await world.agent()
    const run = world.hiring()
    const request = await agent.nextRequest()
    const junk = await world.agent(null)
    for (let count = 0; count < 60; count += 1) {
      await junk.publish({ kind: 1059, tags: [['p', request.rumor.pubkey]], content: `junk ${count}` })
    }
    await world.serve(agent, request, 'the truth')
    expect(await run.exit).toBe(0)
  })
})

describe('where it goes', () => {
  it('is the inbox of the provider and nowhere else', async () => {
    const elsewhere = await startRelay()
    try {
      const agent = await world.agent()
      const run = world.hiring({ relay: [world.relay.url, elsewhere.url] })
      await world.serve(agent, await agent.nextRequest())
      expect(await run.exit).toBe(0)
      expect([...elsewhere.events()].filter(({ kind }) => kind === 1059)).toEqual([])
    } finally {
      await elsewhere.stop()
    }
  })

  it('is nowhere while the provider lists no inbox', async () => {
    const agent = await world.agent({ task: 'joke', inbox: false })
    const run = world.hiring()
    expect(await run.exit).toBe(15)
    const [chosen] = run.told('chosen')
    expect(JSON.stringify(chosen)).toContain('no inbox relays')
    expect(await agent.requests()).toBe(0)
    expect(await readdir(world.stateDir)).toEqual(['customer.key'])
  })

  it('keeps an inbox list of ours that is there', async () => {
    const keyFile = join(world.directory, 'key')
    const key = randomBytes(32)
    await writeFile(keyFile, key.toString('hex'), { mode: 0o600 })
    const signer = createKeySigner(key)
    const inbox = await startRelay()
    try {
      const agent = await world.agent()
      const list = await signer.sign({
        kind: 10050,
        created_at: 1_700_000_000,
        tags: [['relay', inbox.url]],
        content: '',
      })
      await agent.client.publish(list)
      const run = world.hiring({ keyFile })
      const request = await agent.nextRequest()
      // Answers come to the inbox that the list names.
      const message: DispatchMessage = { type: 'dispatch-accept', re: request.message.id, ts: '', priceMsat: 21_000 as Msat, exact: true, delivers: '' } // prettier-ignore
      const client = await openRelayClient(inbox.url)
      await client.publish(await agent.wrapFor(request.rumor.pubkey, message))
      await run.until('accepted')
      client.close()
      run.stop()
      expect(await run.exit).toBe(130)
      const lists = [...world.relay.events()].filter(({ kind, pubkey }) => kind === 10050 && pubkey === signer.pubkey)
      expect(lists).toEqual([list])
    } finally {
      await inbox.stop()
    }
  })
})

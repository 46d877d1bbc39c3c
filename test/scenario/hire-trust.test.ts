/** Whom does a hirer believe before it says a word? Only those that it named, whatever others publish. */
import { readdir } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventTemplate } from '../../src/core/event.js'
import { createHireWorld, type HireWorld } from '../support/hire-world.js'

let world: HireWorld
beforeEach(async () => {
  world = await createHireWorld()
})
afterEach(() => world.stop())

const dry = (options: object = {}) => world.run({ task: 'joke', maxSats: '50', dryRun: true, ...options })
const NOW = Math.floor(Date.now() / 1000)
const vouch = (subject: string, tags: readonly (readonly string[])[] = []): Partial<EventTemplate> => ({
  kind: 31000,
  tags: [['d', `endorsement:${subject}`], ['type', 'endorsement'], ['p', subject], ...tags],
})
const chosenBy = async (options: object): Promise<unknown> => {
  const run = dry(options)
  await run.exit
  return run.told('chosen')[0]?.['provider'] ?? null
}

describe('without a demand', () => {
  it('nobody is hired whom nothing speaks for, and the choice says why', async () => {
    const agent = await world.agent()
    const run = world.run({ task: 'joke', maxSats: '50' })
    expect(await run.exit).toBe(15)
    expect(JSON.stringify(run.told('chosen'))).toContain('nobody whom we believe vouches for it')
    expect(await agent.requests()).toBe(0)
  })

  it('whoever is named is hired', async () => {
    const agent = await world.agent()
    expect(await chosenBy({ provider: agent.pubkey })).toBe(agent.pubkey)
  })

  it('whoever served us before is hired again', async () => {
    const agent = await world.agent()
    const first = world.hiring({ provider: agent.pubkey })
    await world.serve(agent, await agent.nextRequest())
    await first.exit
    expect(await chosenBy({})).toBe(agent.pubkey)
  })

  it('whoever was paid and did not serve is hired by name only', async () => {
    const agent = await world.agent()
    const first = world.hiring()
    const request = await agent.nextRequest()
    await agent.accept(request, 21_000)
    await agent.invoice(request, (await world.invoice(21_000)).bolt11, 21_000)
    await first.until('paid')
    await agent.fail(request, 'upstream-failed')
    await first.exit
    expect(await chosenBy({ trustAnyone: true })).toBeNull()
    expect(await chosenBy({ provider: agent.pubkey })).toBe(agent.pubkey)
  })
})

describe('an attestation', () => {
  it('by an issuer that we named is believed, and by nobody else', async () => {
    const [agent, issuer, stranger] = [await world.agent(), await world.agent(null), await world.agent(null)]
    await stranger.publish(vouch(agent.pubkey))
    expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBeNull()
    await issuer.publish(vouch(agent.pubkey))
    expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBe(agent.pubkey)
  })

  it('by the provider about itself counts nothing, even where we named it', async () => {
    const agent = await world.agent()
    await agent.publish(vouch(agent.pubkey))
    expect(await chosenBy({ trustIssuer: [agent.pubkey] })).toBeNull()
  })

  it.each<[string, string[][]]>([
    ['is no longer valid', [['valid_to', String(NOW - 10)]]],
    ['is not valid yet', [['valid_from', String(NOW + 1_000)]]],
    ['was revoked', [['status', 'revoked']]],
    ['has a date that cannot be read', [['valid_to', 'soon']]],
  ])('that %s counts nothing', async (_, tags) => {
    const [agent, issuer] = [await world.agent(), await world.agent(null)]
    await issuer.publish(vouch(agent.pubkey, tags))
    expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBeNull()
  })

  it('is taken back by a newer one, which need not say of whom it was', async () => {
    const [agent, issuer] = [await world.agent(), await world.agent(null)]
    await issuer.publish({ ...vouch(agent.pubkey), created_at: NOW - 100 })
    expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBe(agent.pubkey)
    await issuer.publish(vouch(agent.pubkey, [['status', 'revoked']]))
    expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBeNull()
  })
})

describe('a rank', () => {
  it('counts only from whom we named, and only if it is high enough', async () => {
    const [agent, ranks, stranger] = [await world.agent(), await world.agent(null), await world.agent(null)]
    const rank = (value: string) => ({ kind: 30382, tags: [['d', agent.pubkey], ['rank', value]] }) // prettier-ignore
    await stranger.publish(rank('100'))
    const options = { trustRank: '60', rankBy: [ranks.pubkey] }
    expect(await chosenBy(options)).toBeNull()
    await ranks.publish({ ...rank('59'), created_at: NOW - 10 })
    expect(await chosenBy(options)).toBeNull()
    await ranks.publish(rank('60'))
    expect(await chosenBy(options)).toBe(agent.pubkey)
  })
})

describe('among several', () => {
  it('the choice is explained, and falls on trust and price', async () => {
    const [cheap, dear] = [await world.agent({ task: 'joke', priceSats: 1 }), await world.agent({ task: 'joke', priceSats: 30 })] // prettier-ignore
    await world.agent({ task: 'joke', priceSats: 51 })
    await world.agent({ task: 'other', priceSats: 1 })
    expect(await chosenBy({ trustAnyone: true })).toBe(cheap.pubkey)
    const run = dry({ trustAnyone: true, provider: undefined })
    await run.exit
    const [chosen] = run.told('chosen') as unknown as { candidates: { provider: string; objections: string[] }[] }[]
    expect(chosen?.candidates).toHaveLength(3)
    expect(JSON.stringify(chosen)).toContain('the limit is 40000, with fees kept back')
    const issuer = await world.agent(null)
    await issuer.publish(vouch(dear.pubkey))
    expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBe(dear.pubkey)
  })

  it('those of another topic are left out', async () => {
    const agent = await world.agent({ task: 'joke', topics: ['bridges'] })
    await world.agent({ task: 'joke', priceSats: 1 })
    expect(await chosenBy({ trustAnyone: true, topic: 'bridges' })).toBe(agent.pubkey)
  })
})

describe('a dry run', () => {
  it('sends, saves and spends nothing', async () => {
    const agent = await world.agent()
    const before = [...world.relay.events()].length
    const run = dry({ trustAnyone: true, walletFile: undefined })
    expect(await run.exit).toBe(0)
    expect([...world.relay.events()]).toHaveLength(before)
    expect(await agent.requests()).toBe(0)
    expect(await readdir(world.stateDir)).toEqual(['customer.key'])
  })
})

describe('our own attestation', () => {
  it('is public, and left only where it was wished', async () => {
    const agent = await world.agent()
    for (const attest of [false, true]) {
      const run = world.hiring({ attest, param: [`attest=${attest}`] })
      await world.serve(agent, await agent.nextRequest(attest ? 2 : 1))
      expect(await run.exit).toBe(0)
      const left = [...world.relay.events()].filter(({ kind }) => kind === 31000)
      expect(left).toHaveLength(attest ? 1 : 0)
      if (attest) expect(left[0]?.tags).toContainEqual(['p', agent.pubkey])
    }
  })
})

/** Does a wallet that pays, or what it bought, ever appear where somebody could read it? A wrapped job and one that could not be paid. */
import { expect, it, vi } from 'vitest'
import { listJobs, showJob } from '../../src/cli/jobs.js'
import type { Output } from '../../src/cli/output.js'
import type { EventId } from '../../src/core/identifiers.js'
import { hasKey, type Job } from '../../src/core/job.js'
import { startBridge } from '../support/bridge.js'
import { filesBelow, foundIn } from '../support/secrets-of.js'

it('no wallet address, token or preimage of a purchase is in a log, a file, an event, or what jobs list and show print', async ({
  onTestFinished,
}) => {
  const bridge = await startBridge({ purse: {}, dialect: 'aperture' })
  onTestFinished(() => bridge.stop())
  const { customer, purse, adapters } = bridge
  const said: string[] = []
  const output: Output = {
    json: true,
    data: (text) => void said.push(text),
    object: (value) => void said.push(JSON.stringify(value)),
    say: (text) => void said.push(text),
  }
  const stored = async (id: string): Promise<Job | undefined> =>
    adapters.store.get(id as EventId) ?? (await adapters.store.findArchived(id as EventId))

  const served = await customer.publishJob({ path: '/joke' })
  const { bolt11 } = await customer.offer(served.id)
  await bridge.payer.pay(bolt11)
  await customer.result(served.id)
  const job = await stored(served.id)
  if (!job || !hasKey(job)) throw new Error('the job has no key')

  purse.node.faults.failNext = 'refused'
  const returned = await customer.publishJob({ path: '/joke' })
  const offer = await customer.offer(returned.id)
  await expect(bridge.payer.pay(offer.bolt11)).rejects.toMatchObject({ code: 'refused' })
  await customer.error(returned.id)
  const unpaid = await vi.waitFor(async () => {
    const found = await stored(returned.id)
    if (!found || !('secrets' in found) || !found.secrets) throw new Error('the job has no secrets')
    return found.secrets
  })

  const { uri } = purse.service
  const secrets = new Map([
    ['wallet uri', uri],
    ['wallet secret', new URL(uri).searchParams.get('secret') ?? ''],
    ['token', job.secrets.token],
    ['preimage', job.secrets.key.value],
    ['token of what was given back', unpaid.token],
  ])
  for (const [name, secret] of secrets) expect(secret.length, name).toBeGreaterThanOrEqual(32)
  for (const owed of [false, true]) await listJobs(bridge.stateDirectory, { open: false, owed, limit: 100 }, output)
  for (const { id } of [served, returned]) await showJob(bridge.stateDirectory, id, output)
  await bridge.restart()

  expect(said.join('\n')).toContain(served.id)
  expect(said.flatMap((text) => foundIn(text, secrets))).toEqual([])
  expect(bridge.log.lines.flatMap((line) => foundIn(JSON.stringify(line), secrets))).toEqual([])
  expect([...bridge.relay.events()].flatMap((event) => foundIn(JSON.stringify(event), secrets))).toEqual([])
  for (const [path, bytes] of await filesBelow(bridge.stateDirectory)) expect(foundIn(bytes, secrets), path).toEqual([])
})

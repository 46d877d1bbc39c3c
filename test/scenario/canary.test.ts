/** Does a key, token, preimage, status token or wallet URI ever appear where somebody could read it? */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { listJobs, retryJob, showJob } from '../../src/cli/jobs.js'
import { askDaemon } from '../../src/cli/control-client.js'
import type { Output } from '../../src/cli/output.js'
import { loadConfig } from '../../src/config/load.js'
import type { EventId } from '../../src/core/identifiers.js'
import { hasKey } from '../../src/core/job.js'
import { openAdapters } from '../../src/wiring/adapters.js'
import { startDaemon } from '../../src/daemon.js'
import { startBridge, type Bridge } from '../support/bridge.js'
import { filesBelow, foundIn } from '../support/secrets-of.js'

let bridge: Bridge
/** Everything that must never be seen, by what it is. */
const secrets = new Map<string, string>()
/** Everything that a command printed and every error that was thrown. */
const said: string[] = []
const jobIds: EventId[] = []

const output: Output = {
  json: true,
  data: (text) => void said.push(text),
  object: (value) => void said.push(JSON.stringify(value)),
  say: (text) => void said.push(text),
}
const overhear = (error: unknown): void => {
  const { message, stack, cause } = error as Error
  said.push(message, stack ?? '', JSON.stringify(error), cause instanceof Error ? cause.message : '')
}
const keepUri = (name: string, uri: string) => {
  secrets.set(`${name} uri`, uri)
  secrets.set(`${name} secret`, new URL(uri).searchParams.get('secret') ?? '')
}

/** The secrets of a job as the store opens them. */
async function rememberSecrets(id: EventId, what: string): Promise<void> {
  const { store } = bridge.adapters
  const job = store.get(id) ?? (await store.findArchived(id))
  if (!job || !hasKey(job)) throw new Error(`the ${what} job is not paid`)
  jobIds.push(id)
  secrets.set(`${what} token`, job.secrets.token)
  secrets.set(`${what} key`, job.secrets.key.value)
  const statusToken = new URL(job.secrets.statusUrl ?? '/', 'http://x').searchParams.get('token')
  if (statusToken !== null) secrets.set(`${what} status token`, statusToken)
}

async function buy(params: Record<string, string>, before: () => unknown = () => undefined) {
  const job = await bridge.customer.publishJob(params)
  const { bolt11 } = await bridge.customer.offer(job.id)
  await before()
  const preimage = await bridge.pay(bolt11)
  return { job, bolt11, preimage }
}

/** All kinds of trouble, with everything logged. */
beforeAll(async () => {
  bridge = await startBridge({
    wallet: true,
    upstream: { exactPrice: 'off' },
    config: { announce: { enabled: true, name: 'Canary' } },
  })
  const { customer, gateway, walletService } = bridge
  secrets.set('daemon key', bridge.secretKey)
  keepUri('wallet', walletService.uri)

  const plain = await buy({ path: '/joke' })
  await customer.result(plain.job.id)
  await rememberSecrets(plain.job.id, 'plain')

  const stranger = await bridge.newCustomer()
  const byStatus = await stranger.publishJob({ path: '/joke', settlement: 'proof' })
  const statusOffer = await stranger.offer(byStatus.id)
  walletService.behave({ notifications: 'garbled', tell: () => ({ nonsense: true }) })
  const preimage = await bridge.pay(statusOffer.bolt11)
  await stranger.publish(stranger.proof(byStatus.id, bridge.hashOf(statusOffer.bolt11), 'ab'.repeat(32)))
  await stranger.publish(stranger.proof(byStatus.id, bridge.hashOf(statusOffer.bolt11), preimage))
  await stranger.result(byStatus.id)
  await rememberSecrets(byStatus.id, 'by status')
  walletService.behave({})

  const failing = await bridge.newCustomer()
  const order = await failing.publishJob({ method: 'POST', path: '/orders', body: '{}' })
  const { bolt11 } = await failing.offer(order.id)
  gateway.failNext('resetAfterExecuting')
  await bridge.pay(bolt11)
  await failing.error(order.id)
  await rememberSecrets(order.id, 'owed')

  for (const name of ['bodyHash', 'corruptInvoice', 'tokenWithLineBreak', 'garbageHeader', 'hugeBody'] as const) {
    gateway.tamper(name)
    const asker = await bridge.newCustomer()
    const asked = await asker.publishJob({ path: '/joke' })
    await vi.waitFor(() => expect(asker.statuses(asked.id)).toHaveLength(1))
  }
  gateway.tamper(null)

  const config = await loadConfig(bridge.configFile)
  await startDaemon(config, bridge.log).catch(overhear)
  await openAdapters(config, bridge.log).catch(overhear)
  said.push(JSON.stringify(await askDaemon(bridge.stateDirectory, 'GET', '/status')))
  said.push(JSON.stringify(await askDaemon(bridge.stateDirectory, 'POST', '/announce')))
  await askDaemon(bridge.stateDirectory, 'POST', '/nothing').catch(overhear)
  await retryJob(config, plain.job.id, output).catch(overhear)
  await retryJob(config, order.id, output).catch(overhear)
  await failing.result(order.id)
  for (const owed of [false, true]) await listJobs(bridge.stateDirectory, { open: false, owed, limit: 100 }, output)
  for (const id of jobIds) await showJob(bridge.stateDirectory, id, output)
  await bridge.restart()
}, 30_000)
afterAll(() => bridge.stop())

it('there is a canary of every kind, and the search finds one where there is one', () => {
  const kinds = [...secrets.keys()]
  for (const kind of [
    'daemon key',
    'wallet uri',
    'wallet secret',
    'plain token',
    'plain key',
    'plain status token',
    'owed key',
  ]) {
    expect(kinds).toContain(kind)
  }
  for (const [name, secret] of secrets) {
    expect(secret.length, name).toBeGreaterThanOrEqual(32)
    expect(foundIn(`before ${secret} after`, secrets)).toContain(name)
  }
})

describe('no secret is found', () => {
  it('in a line of the log, at any level', () => {
    expect(bridge.log.lines.length).toBeGreaterThan(50)
    expect(bridge.log.lines.flatMap((line) => foundIn(JSON.stringify(line), secrets))).toEqual([])
  })

  it('in an event at the relay', () => {
    const events = [...bridge.relay.events()]
    expect(events.length).toBeGreaterThan(10)
    expect(events.flatMap((event) => foundIn(JSON.stringify(event), secrets))).toEqual([])
  })

  it('in an error, an answer of the control socket, or what jobs list and jobs show print', () => {
    expect(said.join('\n')).toContain(jobIds[0])
    expect(said.flatMap((text) => foundIn(text, secrets))).toEqual([])
  })

  it('in a file of the state directory, where all else of the jobs is', async () => {
    const files = await filesBelow(bridge.stateDirectory)
    const all = Buffer.concat([...files].filter(([path]) => !path.endsWith('ballast')).map(([, bytes]) => bytes))
    for (const id of jobIds) expect(all.includes(id)).toBe(true)
    for (const [path, bytes] of files) expect(foundIn(bytes, secrets), path).toEqual([])
  })

  it('in the environment or the arguments of the process', () => {
    expect(foundIn(JSON.stringify([process.env, process.argv]), secrets)).toEqual([])
  })
})

it('what is sealed to one customer cannot be opened by another', () => {
  const sealed = [...bridge.relay.events()].filter(({ kind, content }) => kind === 7000 && content !== '')
  expect(sealed).toHaveLength(1)
  for (const event of sealed) expect(() => bridge.customer.open(event)).toThrow()
})

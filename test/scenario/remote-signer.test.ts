/** Is a job served where the key is kept elsewhere, and is none lost while its holder is away? */
import { readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startBunker, type Bunker, type BunkerOptions } from '../../src/dev/bunker.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
let bunker: Bunker

async function open(options: BridgeOptions = {}, keeper: Partial<BunkerOptions> = {}): Promise<void> {
  bridge = await startBridge({
    ...options,
    config: { signerTimeoutSeconds: 1, ...options.config },
    async keyText(secretKey, relayUrl) {
      bunker = await startBunker({ relays: [relayUrl], secretKey: Buffer.from(secretKey, 'hex'), ...keeper })
      return bunker.uri
    },
  })
}
afterEach(async () => {
  await bridge.stop()
  await bunker.stop()
})

const said = (event: string) => bridge.log.lines.filter((line) => line.event === event)
const hear = (event: string) => vi.waitFor(() => expect(said(event)).not.toHaveLength(0), { timeout: 10_000 })

async function offered(path = '/joke') {
  const job = await bridge.customer.publishJob({ path })
  return { job, offer: await bridge.customer.offer(job.id) }
}

describe('a daemon whose key is with a remote signer', () => {
  it('serves a paid job, and asks for no more than it needs', async () => {
    await open()
    const { job, offer } = await offered()
    await bridge.pay(offer.bolt11)
    expect((await bridge.customer.result(job.id)).pubkey).toBe(bunker.pubkey)
    expect(bunker.pubkey).not.toBe(bunker.signer)
    const asked = bunker.permissions?.split(',') ?? []
    expect(asked).toEqual(expect.arrayContaining(['sign_event:6800', 'sign_event:7000', 'nip44_decrypt']))
    for (const never of ['sign_event', 'sign_event:1', 'sign_event:1059']) expect(asked).not.toContain(never)
  })

  it('completes a paid job, once, whose signer was away in the middle, and goes on hearing meanwhile', async () => {
    await open()
    const { job, offer } = await offered()
    bunker.behave({ deaf: true })
    await bridge.pay(offer.bolt11)
    await hear('the remote signer does not answer')
    expect(bridge.daemon.status()).toMatchObject({
      ready: false,
      reasons: [expect.stringContaining('the remote signer is not available')],
    })
    const before = bridge.daemon.status().intake.admitted
    const other = await bridge.customer.publishJob({ path: '/joke' })
    await vi.waitFor(() => expect(bridge.daemon.status().intake.admitted).toBe(before + 1))
    bunker.behave({})
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id).filter((status) => status === 'result')).toEqual(['result'])
    await bridge.customer.offer(other.id)
    expect(bridge.daemon.status().ready).toBe(true)
  })

  it('starts, and hears, while a signer that it knows is away', async () => {
    await open()
    bunker.behave({ deaf: true })
    await bridge.restart()
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await hear('the remote signer does not answer')
    bunker.behave({})
    await bridge.customer.offer(job.id)
  })

  it('does not give up an unpaid job because of its signer, however often it fails', async () => {
    await open()
    bunker.behave({ refuse: [7000] })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await vi.waitFor(() => expect(said('step failed').length).toBeGreaterThan(1), { timeout: 10_000 })
    expect(bridge.daemon.status().reasons.join()).toContain('refuses to sign kind 7000')
    bunker.behave({})
    await bridge.customer.offer(job.id)
    expect(bridge.daemon.status().reasons).toEqual([])
  })

  it('keeps its key towards the signer and that of its state to itself, and the secret out of the log', async () => {
    await open()
    for (const name of ['signer.json', 'sealing.key']) {
      expect(statSync(join(bridge.stateDirectory, name)).mode & 0o777).toBe(0o600)
    }
    const secret = new URL(bunker.uri).searchParams.get('secret') ?? 'none'
    const { clientKey } = JSON.parse(readFileSync(join(bridge.stateDirectory, 'signer.json'), 'utf8')) as {
      clientKey: string
    }
    const log = JSON.stringify(bridge.log.lines)
    expect(log).not.toContain(secret)
    expect(log).not.toContain(clientKey)
  })

  it('refuses a state directory whose key was left behind', async () => {
    await open()
    await bridge.stopDaemon()
    rmSync(join(bridge.stateDirectory, 'sealing.key'))
    await expect(bridge.startDaemon()).rejects.toMatchObject({
      code: 'key-unusable',
      message: expect.stringMatching(
        /sealing\.key is missing, and the jobs in .* are sealed with another key/,
      ) as string,
    })
  })
})

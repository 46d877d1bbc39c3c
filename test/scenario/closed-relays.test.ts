/** Are jobs and hires carried over relays that let in only whom they know? The commands against the real daemon (NIP-42). */
import { afterEach, expect, it } from 'vitest'
import { request } from '../../src/cli/request.js'
import { startRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { startBridge } from '../support/bridge.js'
import { createBridgeHirer } from '../support/bridge-hirer.js'
import { recordRun } from '../support/record-run.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** Where jobs and messages go is closed; the wallets are elsewhere. */
async function open(kind: Pick<RelayOptions, 'auth' | 'hidePrivate' | 'askLate'>) {
  const relay = await startRelay(kind)
  closers.push(() => relay.stop())
  const config = { announce: { enabled: true }, relays: { inbox: [relay.url] } }
  const bridge = await startBridge({ relays: [relay.url], config })
  closers.push(() => bridge.stop())
  const hirer = await createBridgeHirer(bridge, relay)
  closers.push(() => hirer.stop())
  return { bridge, relay, hirer }
}

it.each([{ auth: true }, { auth: true, askLate: true }])(
  'a job is asked for, paid and answered over %o',
  async (kind) => {
    const { bridge, relay, hirer } = await open(kind)
    const { walletFile } = hirer
    const run = recordRun(
      (world) =>
        request(
          {
            ...{ provider: bridge.daemon.pubkey, relay: [relay.url], path: '/joke', pay: true, walletFile },
            ...{ maxSats: '5000', state: `${bridge.directory}/requests`, network: 'regtest', timeout: '20' },
          },
          world,
        ),
      { homeDirectory: bridge.directory },
    )
    expect(await run.exit).toBe(0)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'result', httpStatus: 200 })
  },
)

// A relay that hides gift wraps from strangers says nothing of it: whoever reads there makes itself known as soon as it is asked.
it.each([{ auth: true }, { auth: true, askLate: true }, { hidePrivate: true }])('a hire runs over %o', async (kind) => {
  const { hirer } = await open(kind)
  const run = hirer.hiring('/joke')
  expect(await run.exit).toBe(0)
  expect(run.lines.at(-1)).toMatchObject({ outcome: 'result', acknowledged: true })
})

/** What does one request to the wallet cost inside @getalby/sdk and around it? Timed alone, with a wallet that answers at once. */
import { randomBytes } from 'node:crypto'
import { systemClock } from '../../src/system/system-clock.js'
import { pubkeyOf } from '../../src/nostr/event.js'
import type { NwcChannel } from '../../src/wallets/nwc-channel.js'
import { createNwcCipher } from '../../src/wallets/nwc-cipher.js'
import { createNwcClient } from '../../src/wallets/nwc-client.js'
import type { Figures, Plan } from './plan.js'

const WARM_UP = 50

export async function measureSdk({ floorRounds }: Plan): Promise<Figures> {
  const [walletKey, secretKey] = [randomBytes(32), randomBytes(32)]
  const connection = {
    walletPubkey: pubkeyOf(walletKey),
    clientPubkey: pubkeyOf(secretKey),
    secretKey,
    relays: ['ws://127.0.0.1:7777/'],
  }
  const plaintext = JSON.stringify({ result_type: 'lookup_invoice', result: { state: 'pending', amount: 21_000 } })
  const channel: NwcChannel = {
    open: () => Promise.resolve(),
    exchange: ({ deliver }) => queueMicrotask(() => deliver({ plaintext })),
    stop: () => undefined,
  }
  const cipher = createNwcCipher(secretKey, connection.walletPubkey)
  const client = await createNwcClient({ connection, channel, cipher, clock: systemClock })
  const ask = () => client.ask('lookup_invoice', { payment_hash: '00'.repeat(32) }, 'nip44_v2')
  for (let round = 0; round < WARM_UP; round += 1) await ask()
  const before = process.cpuUsage()
  for (let round = 0; round < floorRounds; round += 1) await ask()
  const { user, system } = process.cpuUsage(before)
  return { sdkMsPerCall: (user + system) / 1000 / floorRounds }
}

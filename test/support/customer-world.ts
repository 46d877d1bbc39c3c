/** What does a customer need around it to be tested? A relay, a scripted provider, a wallet that counts, and a state directory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from '../../src/cli/request.js'
import type { RequestOptions } from '../../src/cli/request-plan.js'
import type { NostrEvent } from '../../src/core/event.js'
import type { Msat } from '../../src/core/money.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { startNwcWallet } from '../../src/dev/nwc-wallet.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { recordRun } from './record-run.js'
import { createScriptedProvider } from './scripted-provider.js'

export async function createCustomerWorld() {
  const relay = await startRelay()
  const network = createSimulatedNetwork()
  const payee = network.createNode()
  const payer = network.createNode()
  const asked: string[] = []
  const counting = {
    ...payer,
    pay: (bolt11: string, amountMsat?: Msat) => {
      asked.push(bolt11)
      return payer.pay(bolt11, amountMsat)
    },
  }
  const service = await startNwcWallet({ node: counting, relayUrl: relay.url, permissions: 'full' })
  const provider = await createScriptedProvider(relay.url)
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-customer-'))
  const stateDir = join(directory, 'requests')
  const walletFile = join(directory, 'wallet')
  await writeFile(walletFile, `${service.uri}\n`, { mode: 0o600 })

  const invoice = (amountMsat: number | null, expirySeconds = 600) =>
    payee.makeInvoice({ amountMsat: amountMsat as Msat | null, description: 'a job', expirySeconds })

  /** Runs the command as the command line would, with `--json`. */
  function run(options: Partial<RequestOptions> = {}, { json = true }: { json?: boolean } = {}) {
    const fresh = options.job === undefined ? { provider: provider.pubkey, relay: [relay.url], path: '/joke' } : {}
    const given = { state: stateDir, network: 'regtest', timeout: '15', ...fresh, ...options }
    return recordRun((command) => request(given, command), { homeDirectory: directory, json })
  }

  return {
    relay,
    payee,
    payer,
    service,
    provider,
    directory,
    stateDir,
    walletFile,
    /** Invoices that the wallet was asked to pay, in order. */
    asked,
    invoice,
    run,
    /** Pays with the wallet, up to 50 sats. */
    paying: (options: Partial<RequestOptions> = {}) => run({ pay: true, walletFile, maxSats: '50', ...options }),
    /** Offers an invoice and answers once it is settled. */
    async serve(job: NostrEvent, content = 'a joke', amountMsat = 21_000) {
      const { bolt11, paymentHash } = await invoice(amountMsat)
      const settled = new Promise<void>((resolve) => {
        const off = payee.onSettled((payment) => {
          if (payment.paymentHash !== paymentHash) return
          off()
          resolve()
        })
      })
      await provider.offer(job, amountMsat, bolt11)
      await settled
      await provider.say(job, [['status', 'processing']])
      await provider.deliver(job, content, [
        ['amount', String(amountMsat)],
        ['content-type', 'text/plain'],
        ['http-status', '200'],
      ])
      return bolt11
    },
    async stop() {
      provider.stop()
      await service.stop()
      network.stop()
      await relay.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 }) // a payment given up may still be noted
    },
  }
}

export type CustomerWorld = Awaited<ReturnType<typeof createCustomerWorld>>

/** What does a hirer need around it to be tested? A relay, agents, a wallet that counts, and a state directory. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hire } from '../../src/cli/hire.js'
import type { HireOptions } from '../../src/cli/hire-plan.js'
import type { Msat } from '../../src/core/money.js'
import type { DispatchRequest } from '../../src/nostr/kinds/dispatch.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { startNwcWallet } from '../../src/dev/nwc-wallet.js'
import { startRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { recordRun } from './record-run.js'
import { createScriptedAgent, type AgentListing, type Heard, type ScriptedAgent } from './scripted-agent.js'

export async function createHireWorld(relayOptions?: RelayOptions) {
  const relay = await startRelay(relayOptions)
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
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-hirer-'))
  const stateDir = join(directory, 'hires')
  const walletFile = join(directory, 'wallet')
  await writeFile(walletFile, `${service.uri}\n`, { mode: 0o600 })
  const agents: ScriptedAgent[] = []

  const invoice = (amountMsat: number | null, expirySeconds = 600) =>
    payee.makeInvoice({ amountMsat: amountMsat as Msat | null, description: 'a task', expirySeconds })

  /** Runs the command as the command line would, with `--json`. */
  function run(options: Partial<HireOptions> = {}, { json = true }: { json?: boolean } = {}) {
    const defaults = { state: stateDir, network: 'regtest', timeout: '15', relay: [relay.url], walletFile }
    return recordRun((command) => hire({ ...defaults, ...options }, command), { homeDirectory: directory, json })
  }

  return {
    relay,
    network,
    payee,
    payer,
    service,
    directory,
    stateDir,
    walletFile,
    /** Invoices that the wallet was asked to pay, in order. */
    asked,
    invoice,
    run,
    /** Hires for the task `joke`, for at most 50 sats, whoever it is. */
    hiring: (options: Partial<HireOptions> = {}) => run({ task: 'joke', maxSats: '50', trustAnyone: true, ...options }),
    async agent(listing: AgentListing | null = { task: 'joke' }) {
      const agent = await createScriptedAgent(relay.url, listing)
      agents.push(agent)
      return agent
    },
    /** Accepts, sends an invoice, and answers once it is settled. */
    async serve(agent: ScriptedAgent, request: Heard<DispatchRequest>, output = 'a joke', amountMsat = 21_000) {
      await agent.accept(request, amountMsat)
      const { bolt11, paymentHash } = await invoice(amountMsat)
      const settled = new Promise<void>((resolve) => {
        const off = payee.onSettled((payment) => {
          if (payment.paymentHash !== paymentHash) return
          off()
          resolve()
        })
      })
      await agent.invoice(request, bolt11, amountMsat)
      await settled
      await agent.status(request, 'processing')
      await agent.result(request, output, [
        ['amount', String(amountMsat)],
        ['content-type', 'text/plain'],
        ['http-status', '200'],
      ])
      return bolt11
    },
    async stop() {
      for (const agent of agents) agent.stop()
      await service.stop()
      network.stop()
      await relay.stop()
      await rm(directory, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export type HireWorld = Awaited<ReturnType<typeof createHireWorld>>

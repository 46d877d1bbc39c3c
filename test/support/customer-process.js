/** What if a customer dies at the worst moment? A process of its own that pays for one saved job and kills itself on the way. */
import { readFile } from 'node:fs/promises'
import { clearTimeout, setTimeout } from 'node:timers'
import { createNdkSession } from '../../dist/src/customer/ndk-session.js'
import { loadCustomerKey } from '../../dist/src/customer/customer-key.js'
import { createPaymentJournal } from '../../dist/src/customer/payment-journal.js'
import { requestJob } from '../../dist/src/customer/request-job.js'
import { decodeInvoice } from '../../dist/src/l402/invoice.js'
import { createRelayPool } from '../../dist/src/nostr/relay-pool.js'
import { createNwcWallet } from '../../dist/src/wallets/nwc.js'

/** `diesAt`: `beforePaying` (the intent is saved), `afterPaying` (the outcome is not), or `never`. */
const { jobId, stateDir, walletFile, diesAt } = JSON.parse(process.argv[2])

const clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref()
    return () => clearTimeout(timer)
  },
}
const silent = () => undefined
const log = { debug: silent, info: silent, warn: silent, error: silent }
const die = () => process.kill(process.pid, 'SIGKILL')

const relayPool = createRelayPool({ clock, log, cursors: { cursor: silent, putCursor: silent } })
const uri = (await readFile(walletFile, 'utf8')).trim()
const wallet = createNwcWallet({ name: 'customer', uri, relayPool, clock, log })
await wallet.start()
const mortal = {
  ...wallet,
  async payInvoice(bolt11, paymentHash) {
    if (diesAt === 'beforePaying') die()
    const outcome = await wallet.payInvoice(bolt11, paymentHash)
    if (diesAt === 'afterPaying') die()
    return outcome
  },
}
const session = await createNdkSession(await loadCustomerKey({ keyFile: null, stateDir }))
const outcome = await requestJob({
  job: { type: 'saved', id: jobId, relays: [], provider: null },
  session,
  relayPool,
  wallet: mortal,
  pay: true,
  rules: { network: 'regtest', maxMsat: 50_000, decodeInvoice },
  journal: createPaymentJournal(stateDir),
  clock,
  timeoutMs: 15_000,
  proof: false,
  tell: silent,
})
console.log(outcome.type)
await wallet.stop()
session.stop()
await relayPool.stop()
// No process.exit: that the process ends shows that nothing is left open.

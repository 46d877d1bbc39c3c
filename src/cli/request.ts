/** `tollbridge request`: hires a service provider over Nostr, pays it when told to, and prints what it answers. */
import { access, constants, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { assertNever, TollbridgeError } from '../core/errors.js'
import type { EventId } from '../core/identifiers.js'
import { loadCustomerKey } from '../customer/customer-key.js'
import { createNdkSession } from '../customer/ndk-session.js'
import { createPaymentJournal } from '../customer/payment-journal.js'
import { readSecretFile } from '../system/private-file.js'
import { requestJob } from '../customer/request-job.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import type { StoryLine } from '../customer/story.js'
import { decodeInvoice } from '../l402/invoice.js'
import { createRelayPool } from '../nostr/relay-pool.js'
import type { Clock, Logger, RelayPool, Wallet } from '../ports.js'
import { createNwcWallet } from '../wallets/nwc.js'
import { createWebClient } from '../web/client.js'
import { requestAgain } from './again.js'
import { OUTCOME_EXIT } from './exit-codes.js'
import type { Output } from './output.js'
import { planRequest, type RequestOptions, type RequestPlan } from './request-plan.js'
import { wordsOfLine, wordsOfOutcome } from './request-words.js'

export interface RequestWorld {
  /** TOLLBRIDGE_WALLET holds the wallet's NWC address; XDG_STATE_HOME moves the default state directory. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly homeDirectory: string
  readonly output: Output
  /** Writes the body, and nothing else, to stdout. */
  readonly writeBody: (body: Uint8Array) => void
  readonly clock: Clock
  readonly log: Logger
  readonly signal?: AbortSignal
}

/**
 * Returns the exit code. Nothing of it is left open when it does.
 * @throws TollbridgeError `usage`, `key-unusable`, `wallet-unusable`, `store-corrupt`
 */
export async function request(options: RequestOptions, world: RequestWorld): Promise<number> {
  const { env, output, clock, log, signal } = world
  const plan = await planRequest(options, env['XDG_STATE_HOME'] || join(world.homeDirectory, '.local', 'state'))
  await checkOutputFile(plan.outputFile)
  const walletUri = await findWalletUri(plan, env)
  const session = await createNdkSession(await loadCustomerKey(plan))
  const relayPool = createRelayPool({
    ...{ clock, log, cursors: { cursor: () => undefined, putCursor: () => undefined } },
    // Answers may lie behind it (NIP-42). Relays that only ask, and do not insist, are not told.
    authenticate: (template) => session.signer.sign(template),
  })
  const web = createWebClient({ allowPrivate: plan.allowPrivate })
  const journal = createPaymentJournal(plan.stateDir)
  // Timers of the clock keep no process alive, and a request may have nothing else for a while.
  const keepAlive = setInterval(() => undefined, 60_000)
  let wallet: Wallet | null = null
  let jobId: EventId | null = plan.job.type === 'saved' ? plan.job.id : null
  try {
    wallet = walletUri === null ? null : await openWallet(walletUri, plan, relayPool, world)
    const outcome = await requestJob({
      job: plan.job,
      session,
      relayPool,
      web,
      wallet,
      pay: plan.pay && wallet !== null,
      rules: { network: plan.network, maxMsat: plan.maxMsat, decodeInvoice },
      journal,
      clock,
      timeoutMs: plan.timeoutMs,
      proof: plan.proof,
      tell(line) {
        if (line.type === 'signed') jobId = line.jobId
        tellLine(line, plan, output)
      },
      ...(signal && { signal }),
    })
    await deliver(outcome, plan, world)
    const credential = plan.showCredential && jobId !== null ? await journal.credential(jobId) : null
    const end = {
      type: 'ended',
      jobId,
      outcome: outcome.type,
      ...reasonOf(outcome, plan),
      exitCode: OUTCOME_EXIT[outcome.type],
    }
    output.object(credential === null ? end : { ...end, credential: credential.trim() })
    if (credential !== null && outcome.type === 'error') output.data(credential.trim())
    const words = wordsOfOutcome(outcome, requestAgain(jobId, options))
    if (words !== null) output.say(words)
    return OUTCOME_EXIT[outcome.type]
  } finally {
    clearInterval(keepAlive)
    await wallet?.stop()
    session.stop()
    await web.stop()
    await relayPool.stop()
  }
}

function tellLine(line: StoryLine, plan: RequestPlan, output: Output): void {
  output.object(line)
  if (!output.json) output.say(wordsOfLine(line, { showInvoice: !plan.pay }))
}

/** Before anything is paid for: an answer that cannot be kept is not bought. */
export async function checkOutputFile(file: string | null): Promise<void> {
  if (file === null) return
  await access(dirname(resolve(file)), constants.W_OK).catch((error: unknown) => {
    throw new TollbridgeError('usage', `${file} cannot be written`, { cause: error })
  })
}

/** The wallet's address is a secret: it comes from a 0600 file or the environment, never from the command line. */
async function findWalletUri(plan: RequestPlan, env: RequestWorld['env']): Promise<string | null> {
  const needed = plan.pay || plan.job.type === 'saved'
  if (!needed) return null
  const uri = plan.walletFile === null ? env['TOLLBRIDGE_WALLET'] : await readSecretFile(plan.walletFile)
  if (uri !== undefined && uri.trim() !== '') return uri.trim()
  if (plan.pay) throw new TollbridgeError('usage', '--pay needs a wallet: give --wallet-file, or set TOLLBRIDGE_WALLET')
  return null
}

/** A wallet that is away stops a new job, which it is to pay; a saved one may have its result already. */
async function openWallet(
  uri: string,
  plan: RequestPlan,
  relayPool: RelayPool,
  { clock, log, output }: RequestWorld,
): Promise<Wallet | null> {
  const wallet = createNwcWallet({ name: 'customer', uri, relayPool, clock, log, network: plan.network })
  try {
    await wallet.start()
    if (plan.pay && !wallet.methods.has('payInvoice')) {
      throw new TollbridgeError('wallet-unusable', 'the wallet may not pay invoices')
    }
    return wallet
  } catch (error) {
    await wallet.stop()
    if (plan.job.type === 'new' || !(error instanceof TollbridgeError)) throw error
    output.say(`${error.message}; the job is taken up without it`)
    return null
  }
}

async function deliver(outcome: RequestOutcome, plan: RequestPlan, { output, writeBody }: RequestWorld): Promise<void> {
  if (outcome.type !== 'result') return
  if (plan.outputFile !== null) {
    await writeFile(plan.outputFile, outcome.body).catch((error: unknown) => {
      throw new TollbridgeError('usage', `${plan.outputFile} cannot be written; --job brings the result again`, {
        cause: error,
      })
    })
    output.say(`written to ${plan.outputFile}`)
  } else if (!output.json) {
    writeBody(outcome.body)
  }
}

/** What the last JSON line says beyond the type; the body only where it is not written to a file. */
function reasonOf(outcome: RequestOutcome, { outputFile }: RequestPlan): object {
  switch (outcome.type) {
    case 'result': {
      const { resultId, content, encoding, contentType, httpStatus, amountMsat } = outcome
      const about = { resultId, encoding, contentType, httpStatus, amountMsat }
      return outputFile === null ? { ...about, content } : { ...about, outputFile }
    }
    case 'stopped':
      return {}
    case 'error':
    case 'unfetched':
    case 'not-payable':
    case 'payment-refused':
    case 'payment-unknown':
    case 'timeout': {
      const { type: _, ...reason } = outcome
      return reason
    }
    default:
      return assertNever(outcome)
  }
}

/** invoicing: settle on the invoice that the customer will pay, and prove it before anybody sees it. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Challenge, Invoicing, Offer } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { isShownByItsOffer } from '../l402/credential.js'
import { decodeInvoice, type Invoice } from '../l402/invoice.js'
import { verifyOffer, type PayableInvoice } from '../l402/verify-offer.js'
import { choosePath, needsPayer, type SettlementPath } from '../settlement/choose.js'
import { pauseUntil, type Step, type StepContext, type UpstreamBinding } from './context.js'
import { isAnsweredElsewhere } from './elsewhere.js'
import { exactPriceChallenge } from './exact-price.js'
import { makeOwnOffer } from './own-invoice.js'

const WALLET_LOOK_MS = 250
const WALLET_PATIENCE_MS = 30_000
/** How long an offer waits for the word of a wallet without which the payment can be followed, too. */
const SPARE_WALLET_MS = 3_000

export const invoicing: Step<'invoicing'> = async (context, job) => {
  const binding = context.upstreams.get(job.call.upstream)
  const route = binding?.settings.routes.find(({ name }) => name === job.call.route)
  if (!binding || !route) return refuse('path-not-allowed', 'the route is no longer configured')
  if (isWalletAwaited(context, binding, job)) return pauseUntil(context.clock.now() + WALLET_LOOK_MS)

  // Asked beside the rest: does another daemon with our key serve this job already?
  const elsewhere = isAnsweredElsewhere(context, job)
  elsewhere.catch(() => undefined)
  const challenge = await exactPriceChallenge(context, binding, route, job)
  const invoice = decodeInvoice(challenge.bolt11)
  if (isMalformed(invoice)) return refuse('invoice-invalid', invoice.malformed)

  const verified = verifyOffer({
    challenge,
    invoice,
    now: context.clock.now(),
    network: context.settings.network,
    bidMsat: job.bidMsat,
    capMsat: route.maxMsat,
    minMsat: route.minMsat,
    pinnedPayee: binding.settings.payee,
    paymentWindowMs: context.settings.paymentWindowMs,
  })
  if (isRejection(verified)) return { type: 'refused', rejection: verified }
  if (context.store.hasPaymentHash(verified.paymentHash)) {
    return refuse('invoice-invalid', 'another job has or had this payment hash')
  }
  const wallet = await (isWalletSpare(binding, job, challenge)
    ? readSpareWallet(context, binding, verified)
    : readWallet(binding, verified))
  if (wallet === 'settled') return refuse('invoice-invalid', 'the merchant wallet says that it is already settled')
  const means = {
    upstream: binding.settings,
    challenge,
    invoice: verified,
    walletMethods: wallet === 'receives' ? (binding.wallet?.port.methods ?? null) : null,
    proofPromised: job.proofPromised,
  }
  const path = needsPayer(means)
    ? choosePath({ ...means, payer: await readPayer(context, binding) })
    : choosePath(means)
  if (isRejection(path)) return { type: 'refused', rejection: path }
  const offer = await makeOffer(context, path, { job, binding, challenge, verified })
  if (isRejection(offer)) return { type: 'refused', rejection: offer }
  if (await elsewhere) return { type: 'answeredElsewhere' }
  const { token, statusUrl } = challenge
  return { type: 'invoiced', offer, secrets: { token, statusUrl } }
}

/** Our own wallet, as far as it may be needed; null where there is none. @throws where it does not answer. */
async function readPayer({ purses }: StepContext, { settings }: UpstreamBinding) {
  const purse = purses.get(settings.wallet ?? '')
  if (!purse) return null
  const { name, methods, limits } = purse.wallet
  const info = methods.has('getInfo') ? await purse.info() : { nodeId: null, backend: null }
  return { name, methods, limits, info }
}

const refuse = (...[code, detail]: Parameters<typeof rejection>): Fact => ({
  type: 'refused',
  rejection: rejection(code, detail),
})

interface Verified {
  readonly job: Invoicing
  readonly binding: UpstreamBinding
  readonly challenge: Challenge
  readonly verified: PayableInvoice
}

async function makeOffer(
  context: StepContext,
  path: SettlementPath,
  { job, binding, challenge, verified }: Verified,
): Promise<Offer | Rejection> {
  const { settings } = binding
  if (path.mode !== 'passthrough') {
    const purse = context.purses.get(settings.wallet ?? '')
    if (!purse) throw new TypeError('a path was chosen that needs a wallet')
    return makeOwnOffer(context, path.mode, { job, settings, purse, challenge, upstreamInvoice: verified })
  }
  const { paymentHash, amountMsat, payee, timestamp: issuedAt, expiresAt } = verified
  const { scheme, bolt11 } = challenge
  if (isShownByItsOffer(scheme) && job.channel === undefined) {
    return rejection(
      'encryption-required',
      'the invoice itself is the credential, and an offer in the open would show it',
    )
  }
  const offeredAt = context.clock.now()
  return { scheme, bolt11, paymentHash, amountMsat, payee, issuedAt, expiresAt, offeredAt, sources: path.sources }
}

/** Whether a payment can be followed without the wallet. */
const isWalletSpare = ({ settings }: UpstreamBinding, job: Invoicing, { statusUrl }: Challenge): boolean =>
  job.proofPromised || (settings.statusEndpoint && statusUrl !== null)

/** When a wallet was first found not to be usable yet. */
const firstMissed = new WeakMap<object, Millis>()

/** After a start the jobs are there before the wallets are: one that cannot be settled without one waits for it a while. */
function isWalletAwaited({ clock, purses }: StepContext, binding: UpstreamBinding, job: Invoicing): boolean {
  const { wallet, settings } = binding
  const purse = settings.mode === 'passthrough' ? undefined : purses.get(settings.wallet ?? '')?.wallet
  const awaited = [wallet?.port, purse].find((port) => port?.methods.size === 0)
  const isSpare = settings.mode === 'auto' || settings.mode === 'passthrough'
  if (!awaited || (isSpare && isWalletSpare(binding, job, job.challenge))) return false
  const now = clock.now()
  const since = firstMissed.get(awaited) ?? now
  firstMissed.set(awaited, since)
  return now - since < WALLET_PATIENCE_MS
}

/** Payees that a wallet was seen to receive for: node ids are not always told, so one look-up proves it. */
const provenPayees = new WeakMap<object, Set<string>>()

/**
 * Whether the merchant wallet will see this payment, and has not seen it yet. A wallet that pushed every settlement since before
 * the invoice was made has nothing to add to what it pushed; otherwise it is asked.
 */
async function readWallet(binding: UpstreamBinding, invoice: Invoice): Promise<'receives' | 'settled' | 'foreign'> {
  const { wallet } = binding
  if (!wallet) return 'foreign'
  const { port, source } = wallet
  if (source.isKnownSettled(invoice.paymentHash)) return 'settled'
  const proven = provenPayees.get(port) ?? new Set<string>()
  provenPayees.set(port, proven)
  const since = source.listeningSince()
  // BOLT11 timestamps are whole seconds, so that "made after" needs a second of room.
  if (proven.has(invoice.payee) && since !== null && invoice.timestamp > since + 1_000) return 'receives'
  if (!port.methods.has('lookupInvoice')) return 'foreign'
  const seen = await port.lookupInvoice(invoice.paymentHash)
  if (seen.state === 'settled') return 'settled'
  if (seen.state !== 'pending') return 'foreign'
  proven.add(invoice.payee)
  return 'receives'
}

/** As `readWallet`, but a wallet that fails, or takes its time, is done without. */
async function readSpareWallet({ clock, log }: StepContext, binding: UpstreamBinding, invoice: Invoice) {
  let cancel: () => void = () => undefined
  const late = new Promise<'foreign'>((resolve) => {
    cancel = clock.after(SPARE_WALLET_MS, () => resolve('foreign'))
  })
  try {
    return await Promise.race([readWallet(binding, invoice), late])
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown'
    log.warn({ wallet: binding.wallet?.port.name, reason }, 'wallet not read, another source follows the payment')
    return 'foreign'
  } finally {
    cancel()
  }
}

/** Would this route be served? Asks the upstream for a challenge and reads it as the daemon will, without anybody paying. */
import type { Config } from '../config/config.js'
import { isRejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import { satsRoundedUp } from '../core/money.js'
import type { Challenge } from '../core/job.js'
import type { Route, Upstream } from '../core/route.js'
import { isUnsupportedScheme, parseChallenge } from '../l402/challenge.js'
import { decodeInvoice } from '../l402/invoice.js'
import { verifyOffer, type PayableInvoice } from '../l402/verify-offer.js'
import type { UpstreamClient, UpstreamOutcome, Wallet, WalletMethod } from '../ports.js'
import { chooseSources, explainSources } from '../settlement/choose.js'

export interface RouteFinding {
  readonly name: string
  readonly ok: boolean
  readonly says: string
}

export interface RouteToCheck {
  readonly config: Config
  readonly upstream: Upstream
  readonly route: Route
  readonly client: UpstreamClient
  readonly wallet: Wallet | null
  readonly paths: readonly string[]
}

export async function checkRoute(subject: RouteToCheck): Promise<RouteFinding> {
  const { upstream, route, client, paths } = subject
  const name = `${upstream.name}/${route.name}`
  const target = route.pattern.includes('*') ? paths.find((path) => route.matches(path)) : route.pattern
  if (target === undefined) {
    return { name, ok: true, says: `Not probed: ${route.pattern} is a pattern. Name a path of it with --path.` }
  }
  const method = route.methods.has('GET') ? 'GET' : [...route.methods][0]
  if (method === undefined || (!route.repeatable.has(method) && !route.gated)) {
    return {
      name,
      ok: true,
      says: `Not probed: a ${method} might take effect. Set gated: true if it never does unpaid.`,
    }
  }
  const outcome = await client.send({ method, target, headers: {}, body: null })
  return { name, ...(await judge(subject, target, outcome)) }
}

async function judge(
  subject: RouteToCheck,
  target: string,
  outcome: UpstreamOutcome,
): Promise<Omit<RouteFinding, 'name'>> {
  const { client } = subject
  if (outcome.type === 'unsent' || outcome.type === 'unknown')
    return no(`The upstream does not answer: ${outcome.reason}.`)
  if (outcome.status >= 200 && outcome.status < 300)
    return { ok: true, says: 'It answers without payment: jobs on it are free.' }
  if (outcome.status !== 402) return no(`It answers ${outcome.status}, not 402.`)
  if (outcome.type === 'tooLarge') return no('The body of its 402 is larger than maxResponseBytes.')
  const challenge = parseChallenge({
    headers: outcome.headers['www-authenticate'] ?? [],
    body: outcome.body,
    contentType: outcome.headers['content-type']?.[0] ?? null,
    requestTarget: target,
    sameOriginTarget: (reference) => client.sameOriginTarget(reference),
  })
  if (isMalformed(challenge)) return no(`Its 402 cannot be read: ${challenge.malformed}.`)
  if (isUnsupportedScheme(challenge))
    return no(`It asks for payment by ${challenge.schemes.join(', ')}, and not by L402.`)
  return explain(subject, challenge)
}

const no = (says: string) => ({ ok: false, says })

async function explain(subject: RouteToCheck, challenge: Challenge): Promise<Omit<RouteFinding, 'name'>> {
  const { config, upstream, route } = subject
  const invoice = decodeInvoice(challenge.bolt11)
  if (isMalformed(invoice)) return no(`Its invoice cannot be used: ${invoice.malformed}.`)
  const verified = verifyOffer({
    challenge,
    invoice,
    now: Date.now(),
    network: config.network,
    bidMsat: null,
    capMsat: route.maxMsat,
    minMsat: route.minMsat,
    pinnedPayee: upstream.payee,
    paymentWindowMs: config.settlement.minPaymentWindowSeconds * 1000,
  })
  const walletMethods = await methodsOfReceiver(subject.wallet, invoice.paymentHash)
  const means = { upstream, challenge, walletMethods, proofPromised: false }
  const exact =
    upstream.exactPrice !== null && (upstream.exactPrice !== 'auto' || challenge.offersExactPrice)
      ? 'The exact price of a call is asked for instead, where the server has one.'
      : ''
  if (isRejection(verified)) {
    if (verified.rejected !== 'price-exceeds-cap' || exact === '') return no(`${verified.detail ?? verified.rejected}.`)
    return { ok: !isRejection(chooseSources(means)), says: [exact, explainSources(means)].join(' ') }
  }
  const price = describePrice(verified, exact)
  return { ok: !isRejection(chooseSources(means)), says: [price, explainSources(means)].join(' ') }
}

const describePrice = (invoice: PayableInvoice, exact: string): string =>
  [`The 402 asks for ${satsRoundedUp(invoice.amountMsat)} sats, payable to the node ${invoice.payee}.`, exact]
    .join(' ')
    .trim()

/** What the merchant wallet can do, if this payment would arrive in it. */
async function methodsOfReceiver(
  wallet: Wallet | null,
  paymentHash: Parameters<Wallet['lookupInvoice']>[0],
): Promise<ReadonlySet<WalletMethod> | null> {
  if (!wallet?.methods.has('lookupInvoice')) return null
  try {
    const { state } = await wallet.lookupInvoice(paymentHash)
    return state === 'pending' ? wallet.methods : null
  } catch {
    return null // a wallet that does not answer cannot be relied on; its own line says so
  }
}

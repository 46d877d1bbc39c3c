/** Would this route be served? Asks the upstream for a challenge and reads it as the daemon will, without anybody paying. */
import type { Config } from '../config/config.js'
import { isRejection, type Rejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import { satsRoundedUp } from '../core/money.js'
import type { Challenge } from '../core/job.js'
import type { Route, Upstream } from '../core/route.js'
import { isUnsupportedScheme, parseChallenge } from '../l402/challenge.js'
import { isShownByItsOffer } from '../l402/credential.js'
import { decodeInvoice } from '../l402/invoice.js'
import { verifyOffer } from '../l402/verify-offer.js'
import type { UpstreamClient, UpstreamOutcome, Wallet, WalletMethod } from '../ports.js'
import { choosePath, type Payer } from '../settlement/choose.js'
import { explainPath } from '../settlement/explain.js'
import { askExactPrice } from '../steps/exact-price.js'

export interface RouteFinding {
  readonly name: string
  /** `skipped`: nothing was proved, nothing was found wrong. */
  readonly verdict: 'ok' | 'failed' | 'skipped'
  readonly says: string
}

export interface RouteToCheck {
  readonly config: Config
  readonly upstream: Upstream
  readonly route: Route
  readonly client: UpstreamClient
  readonly wallet: Wallet | null
  /** Pays the upstream and is paid by customers. */
  readonly purse: Wallet | null
  readonly paths: readonly string[]
}

export async function checkRoute(subject: RouteToCheck): Promise<RouteFinding> {
  const { upstream, route, client, paths } = subject
  const name = `${upstream.name}/${route.name}`
  const target = route.pattern.includes('*') ? paths.find((path) => route.matches(path)) : route.pattern
  if (target === undefined) {
    return {
      name,
      verdict: 'skipped',
      says: `Not probed: ${route.pattern} is a pattern. Name a path of it with --path.`,
    }
  }
  const method = route.methods.has('GET') ? 'GET' : [...route.methods][0]
  if (method === undefined || (!route.repeatable.has(method) && !route.gated)) {
    return {
      name,
      verdict: 'skipped',
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
    return { verdict: 'ok', says: 'It answers without payment: jobs on it are free.' }
  if (outcome.status !== 402) return no(`It answers ${outcome.status}, not 402.`)
  if (outcome.type === 'tooLarge') return no('The body of its 402 is larger than maxResponseBytes.')
  const challenge = parseChallenge({
    headers: outcome.headers['www-authenticate'] ?? [],
    body: outcome.body,
    contentType: outcome.headers['content-type']?.[0] ?? null,
    requestTarget: target,
    paymentRequired: outcome.headers['payment-required']?.[0] ?? null,
    scheme: subject.upstream.scheme ?? 'auto',
    statusPrefix: subject.upstream.statusPrefix ?? null,
    sameOriginTarget: (reference) => client.sameOriginTarget(reference),
  })
  if (isMalformed(challenge)) return no(`Its 402 cannot be read: ${challenge.malformed}.`)
  if (isUnsupportedScheme(challenge))
    return no(`It asks for payment by ${challenge.schemes.join(', ')}, in no way that is spoken here.`)
  return explain(subject, target, challenge)
}

const no = (says: string) => ({ verdict: 'failed', says }) as const

async function explain(
  subject: RouteToCheck,
  target: string,
  fromHeader: Challenge,
): Promise<Omit<RouteFinding, 'name'>> {
  const { config, upstream, route, client } = subject
  const exact = await askExactPrice({ upstream, client, route, target, challenge: fromHeader })
  const challenge = typeof exact === 'string' ? fromHeader : exact
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
  if (isRejection(verified)) return no(whyRefused(verified, subject))
  const sats = satsRoundedUp(verified.amountMsat)
  const price =
    exact === challenge
      ? `A call costs ${sats} sats, its exact price, payable to the node ${verified.payee}.`
      : `The 402 asks for ${sats} sats, payable to the node ${verified.payee}.`
  const wallet = await readReceiver(subject.wallet, invoice.paymentHash)
  const payer = await readPayer(subject.purse)
  const means = { upstream, challenge, invoice: verified, walletMethods: wallet.methods, payer, proofPromised: false }
  const sayWallet = wallet.silent
    ? `The wallet "${upstream.merchantWallet}" does not answer, so it cannot be relied on. `
    : ''
  const sayOpen = isShownByItsOffer(challenge.scheme)
    ? 'The invoice itself is the credential, so only jobs that come encrypted can be offered it. '
    : ''
  const path = sayWallet + sayOpen + explainPath(means)
  return { verdict: isRejection(choosePath(means)) ? 'failed' : 'ok', says: `${price} ${path}` }
}

function whyRefused({ rejected, detail }: Rejection, { route, config }: RouteToCheck): string {
  if (rejected === 'price-exceeds-cap') {
    return `Every job would be refused: the price is above maxSats (${satsRoundedUp(route.maxMsat)}): ${detail}. Raise maxSats.`
  }
  const hint = detail?.startsWith('the invoice is for') ? ` The setting network is ${config.network}.` : ''
  return `Every job would be refused: ${detail ?? rejected}.${hint}`
}

/** What the merchant wallet can do, if this payment would arrive in it; `silent` where it did not say. */
async function readReceiver(
  wallet: Wallet | null,
  paymentHash: Parameters<Wallet['lookupInvoice']>[0],
): Promise<{ methods: ReadonlySet<WalletMethod> | null; silent: boolean }> {
  if (wallet === null) return { methods: null, silent: false }
  if (!wallet.methods.has('lookupInvoice')) return { methods: null, silent: wallet.methods.size === 0 }
  try {
    const { state } = await wallet.lookupInvoice(paymentHash)
    return { methods: state === 'pending' ? wallet.methods : null, silent: false }
  } catch {
    return { methods: null, silent: true }
  }
}

/** What our own wallet tells of itself; null where there is none, or it does not answer. */
async function readPayer(wallet: Wallet | null): Promise<Payer | null> {
  if (wallet === null) return null
  const { name, methods, limits } = wallet
  const none = { nodeId: null, backend: null }
  const info = methods.has('getInfo') ? await wallet.getInfo().catch(() => none) : none
  return { name, methods, limits, info }
}

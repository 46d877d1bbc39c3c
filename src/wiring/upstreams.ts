/** How does the configuration of an API read once it is put to use? From settings to core terms. */
import type { UpstreamConfig } from '../config/config.js'
import { msatFromSats, type Msat } from '../core/money.js'
import type { PurchaseTerms, Upstream } from '../core/route.js'
import { compileRoute } from '../l402/path.js'

export function upstreamOf(settings: UpstreamConfig): Upstream {
  const { exactPrice } = settings
  const priceOfAll = typeof exactPrice === 'object' ? exactPrice.priceSats : null
  return {
    name: settings.name,
    publicUrl: settings.publicUrl,
    payee: settings.payee,
    statusEndpoint: settings.statusEndpoint === 'auto',
    statusPrefix: settings.statusPrefix,
    scheme: settings.scheme,
    merchantWallet: settings.merchantWallet,
    mode: settings.mode,
    wallet: settings.wallet,
    terms: termsOf(settings),
    exactPrice: exactPrice === 'off' ? null : exactPrice,
    reuseCredit: settings.reuseCredit !== 'off',
    tokensStayGood: settings.reuseCredit === 'always',
    creditMs: settings.creditDays * 86_400_000,
    maxRequestBytes: settings.maxRequestBytes,
    routes: settings.routes.map((route) => {
      const priceSats = route.priceSats ?? priceOfAll
      return {
        name: route.name,
        methods: new Set(route.methods),
        matches: compileRoute(route.path),
        pattern: route.path,
        maxMsat: msatFromSats(route.maxSats),
        minMsat: msatFromSats(route.minSats),
        repeatable: new Set(route.idempotentMethods),
        idempotencyKey: route.idempotencyKey,
        gated: route.gated,
        priceMsat: priceSats === null ? null : msatFromSats(priceSats),
        description: route.description,
        resultBytes: route.resultBytes,
        stream: route.stream,
      }
    }),
  }
}

function termsOf({ markup, fees, wrap, resell }: UpstreamConfig): PurchaseTerms {
  const { maxHoldSeconds, maxUntrustedSats, ...held } = wrap
  return {
    markupMsat: markup.msat as Msat,
    markupPpm: markup.ppm,
    feePpm: fees.ppm,
    minFeeMsat: msatFromSats(fees.minSats),
    wrap: { ...held, maxHoldMs: maxHoldSeconds * 1000, maxUntrustedMsat: msatFromSats(maxUntrustedSats) },
    resell: {
      enabled: resell.enabled,
      maxMsat: msatFromSats(resell.maxSats),
      windowMs: resell.windowHours * 3_600_000,
      maxWindowMsat: msatFromSats(resell.maxWindowSats),
      maxLiabilityMsat: msatFromSats(resell.maxLiabilitySats),
      bufferSeconds: resell.bufferSeconds,
      zaps: resell.zaps,
    },
  }
}

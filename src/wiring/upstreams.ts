/** How does the configuration of an API read once it is put to use? From settings to core terms. */
import type { UpstreamConfig } from '../config/config.js'
import { msatFromSats } from '../core/money.js'
import type { Upstream } from '../core/route.js'
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

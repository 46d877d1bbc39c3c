/** What does satgate say of itself at /.well-known/l402? The small API as if it were one of language models, priced by tokens. */
import type { Till } from '../till.js'

export const satgateManifest = (till: Till): object => ({
  version: 1,
  name: 'Gateway',
  description: 'Calls to a small API',
  pricing: {
    unit: 'tokens',
    currency: 'SAT',
    models: { small: { perThousandTokens: till.priceSats() } },
    default: { perThousandTokens: till.priceSats() },
  },
  endpoints: [
    { path: '/stream', method: 'GET', description: 'Lines of text, as they come' },
    { path: '/orders', method: 'POST', description: 'An order' },
  ],
  payment: { methods: ['lightning'], createInvoice: '/create-invoice', tiers: [] },
  capabilities: { streaming: true, models: ['small'] },
})

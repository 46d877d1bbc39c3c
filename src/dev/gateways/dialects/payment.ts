/** How does a server behave that sells by the scheme `Payment` alone? One charge a call, a problem document, no token that is kept. */
import { textAnswer, type Answer } from '../answer.js'
import type { Dialect } from '../dialect.js'
import { admitPayment, offerPayment, PROBLEM, readPayment, verifyPayment } from './payment-rail.js'

export const payment: Dialect = {
  readCredential: readPayment,
  verify: verifyPayment,
  admit: (_till, charge) => admitPayment(charge),
  // A credential that was used is answered as if there were none.
  refuse: () => null,
  charge: async (till, request) => {
    const { charge, challenge } = await offerPayment(till, request)
    return { ...charge, token: challenge }
  },
  challenge: (_till, _request, charge): Answer => ({
    status: 402,
    headers: {
      'Cache-Control': 'no-store',
      'Content-Type': 'application/problem+json',
      'WWW-Authenticate': ['Bearer realm="accounts"', charge.token],
    },
    body: JSON.stringify(PROBLEM),
  }),
  failure: (_till, status) => textAnswer(status, `${status}\n`),
}

/** What if asking a wallet cost nothing? A wallet on a simulated node of the same process: what is left of a job is the daemon's own time. */
import type { HoldNode, IncomingPayment } from '../../src/dev/lightning/node.js'
import type { SettledIncoming, Wallet, WalletMethod } from '../../src/ports.js'
import { unsupportedBy } from '../../src/wallets/unsupported.js'

const METHODS: readonly WalletMethod[] = [
  ...(['getInfo', 'lookupInvoice', 'onSettled', 'onAccepted', 'payInvoice', 'lookupPayment'] as const),
  ...(['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice'] as const),
]

export function createNodeWallet(name: string, node: HoldNode): Wallet {
  const settledOf = ({ paymentHash, preimage, amountMsat, settledAt }: IncomingPayment): SettledIncoming[] =>
    preimage === null || amountMsat === null ? [] : [{ paymentHash, preimage, amountMsat, settledAt }]
  return {
    ...unsupportedBy(name),
    name,
    methods: new Set(METHODS),
    limits: new Set(['fee', 'delay']),
    start: async () => undefined,
    getInfo: async () => ({ network: 'regtest', nodeId: node.id, blockHeight: node.blockHeight(), backend: 'lnd' }),
    async lookupInvoice(paymentHash) {
      const seen = node.lookup(paymentHash)
      if (!seen) return { state: 'not_found' }
      const { state, amountMsat, settleDeadline } = seen
      if (state === 'accepted' && amountMsat !== null) return { state, amountMsat, settleDeadline }
      const [settled] = settledOf(seen)
      if (state === 'settled' && settled) return { state, ...settled }
      return { state: state === 'expired' || state === 'cancelled' ? state : 'pending' }
    },
    async lookupPayment(paymentHash) {
      const seen = node.outgoing(paymentHash)
      if (!seen) return { state: 'not_found' }
      const { state, preimage, feesMsat } = seen
      return state === 'settled' && preimage !== null
        ? { state, preimage, feesMsat }
        : { state: state === 'failed' ? state : 'pending' }
    },
    listIncoming: async () => ({ settled: [], cursor: null }),
    async payInvoice(bolt11) {
      const { preimage, feesMsat } = await node.pay(bolt11)
      return { type: 'paid', preimage, feesMsat }
    },
    async makeHoldInvoice(request) {
      const { bolt11 } = await node.makeInvoice(request)
      return { type: 'made', bolt11 }
    },
    async settleHoldInvoice(preimage) {
      node.settleHold(preimage)
    },
    async cancelHoldInvoice(paymentHash) {
      node.cancelHold(paymentHash)
    },
    onAccepted: (listener) => node.onAccepted(({ paymentHash }) => listener(paymentHash)),
    onSettled: (listener) => node.onSettled((payment) => settledOf(payment).forEach(listener)),
    stop: async () => undefined,
  }
}

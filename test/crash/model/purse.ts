/** What does the daemon see of our own wallet? One that pays and holds; late, forgetful, and silent at times. */
import { pubkeyOf } from '../../../src/nostr/event.js'
import type { PaymentOutcome, SettledIncoming, Wallet, WalletMethod } from '../../../src/ports.js'
import { unsupportedBy } from '../../../src/wallets/unsupported.js'
import type { SimulatedLightning } from './lightning.js'
import { PURSE_KEY, type OwnInvoice } from './own-invoices.js'
import { callPort, never, type Life } from './world.js'

export const PURSE = 'purse'
const NODE_ID = `02${pubkeyOf(PURSE_KEY)}`
const METHODS: readonly WalletMethod[] = [
  ...(['getInfo', 'lookupInvoice', 'listIncoming', 'onSettled', 'payInvoice', 'lookupPayment', 'makeInvoice'] as const),
  ...(['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice', 'onAccepted', 'estimateDelay'] as const),
]

export function createPurseWallet(life: Life, lightning: SimulatedLightning): Wallet {
  const { chance, agenda } = life.world
  const { purchase, invoices, payments, chain } = lightning
  const methods = new Set<WalletMethod>()

  /** Not done, or done and not answered: the caller cannot tell. */
  const answer = <T>(name: string, effect: () => T): Promise<T> =>
    callPort(life, `purse ${name}`, () => {
      const silent = new Error('the wallet does not answer')
      if (lightning.isAway()) throw silent
      const fails = chance.of(purchase.callsFailed)
      if (fails && chance.of(50)) throw silent
      const result = effect()
      if (fails) throw silent
      return result
    })

  async function pay(...[, paymentHash, limits]: Parameters<Wallet['payInvoice']>): Promise<PaymentOutcome> {
    if (life.dies('purse payInvoice before')) return never()
    payments.asked.set(paymentHash, (payments.asked.get(paymentHash) ?? 0) + 1)
    const answered = new Promise<PaymentOutcome>((resolve) => {
      agenda.after(chance.between(1, 80), () => {
        const reply = lightning.isAway()
          ? { outcome: (): PaymentOutcome => ({ type: 'unknown', reason: 'no connection' }), afterMs: 1_000 }
          : payments.send(paymentHash, limits)
        agenda.after(reply.afterMs, () => {
          if (!life.dies('purse payInvoice after')) resolve(reply.outcome())
        })
      })
    })
    if (life.dies('purse payInvoice under way')) return never()
    return answered
  }

  const settledOf = ({ paymentHash, preimage, amountMsat, settledAt }: OwnInvoice): SettledIncoming[] =>
    preimage === null || settledAt === null ? [] : [{ paymentHash, preimage, amountMsat, settledAt }]

  /** Calls back a little later, unless it is lost on the way. */
  const hear = (listener: (invoice: OwnInvoice) => void): (() => void) =>
    invoices.onPaid((invoice) => {
      if (chance.of(purchase.pushesDropped)) return
      agenda.after(chance.between(1, 400), () => {
        if (!life.isDead() && !life.dies('hear of a payment to us')) listener(invoice)
      })
    })

  return {
    ...unsupportedBy(PURSE),
    name: PURSE,
    methods,
    limits: new Set(purchase.limitsDelay ? (['fee', 'delay'] as const) : (['fee'] as const)),
    async start() {
      await answer('start', () => undefined)
      for (const method of METHODS) methods.add(method)
    },
    getInfo: () =>
      answer('getInfo', () => ({
        ...{ network: 'regtest' as const, nodeId: NODE_ID, backend: 'lnd' },
        blockHeight: chain.height(),
      })),
    lookupInvoice: (paymentHash) => answer('lookupInvoice', () => invoices.tell(paymentHash)),
    lookupPayment: (paymentHash) => answer('lookupPayment', () => payments.tell(paymentHash)),
    listIncoming: ({ since }) =>
      answer('listIncoming', () => ({
        settled: invoices
          .all()
          .flatMap(settledOf)
          .filter(({ settledAt }) => settledAt !== null && settledAt >= since),
        cursor: null,
      })),
    payInvoice: pay,
    makeInvoice: (request) => answer('makeInvoice', () => invoices.make(request)),
    makeHoldInvoice: (request) => answer('makeHoldInvoice', () => invoices.makeHold(request)),
    settleHoldInvoice: (preimage, hash) => answer('settleHoldInvoice', () => invoices.settle(preimage, hash)),
    cancelHoldInvoice: (hash) => answer('cancelHoldInvoice', () => invoices.cancel(hash)),
    estimateDelay: () => answer('estimateDelay', () => purchase.routeBlocks),
    onAccepted: (listener) =>
      hear((invoice) => {
        if (invoice.preimage === null) listener(invoice.paymentHash)
      }),
    onSettled(listener, onGap) {
      agenda.after(chance.between(1, 500), () => {
        if (!life.isDead()) onGap()
      })
      return hear((invoice) => settledOf(invoice).forEach(listener))
    },
    stop: async () => undefined,
  }
}

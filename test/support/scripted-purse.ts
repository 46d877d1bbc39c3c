/** What would a wallet of ours say? One that pays, holds, settles and cancels by script, and counts what it was asked. */
import type {
  HoldInvoiceOutcome,
  IncomingState,
  OutgoingState,
  PaymentLimits,
  PaymentOutcome,
  Wallet,
  WalletInfo,
  WalletMethod,
} from '../../src/ports.js'
import type { Purse } from '../../src/settlement/purse.js'
import { unsupportedBy } from '../../src/wallets/unsupported.js'

export const PURSE_METHODS: readonly WalletMethod[] = [
  ...(['getInfo', 'lookupInvoice', 'lookupPayment', 'payInvoice', 'makeInvoice'] as const),
  ...(['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice', 'onAccepted'] as const),
]

/** An Error is thrown; the last answer of a list is given for ever. */
export interface PurseScript {
  pay: PaymentOutcome
  incoming: IncomingState | Error
  outgoing: OutgoingState | Error
  settle: 'done' | Error
  cancel: 'done' | Error
  made: HoldInvoiceOutcome | Error
  info: Partial<WalletInfo>
  blocksToPayee: number | null
}

export interface ScriptedPurse extends Purse {
  readonly script: PurseScript
  readonly calls: string[]
  readonly limits: (PaymentLimits | undefined)[]
  readonly abilities: Set<WalletMethod>
}

const or = <T>(answer: T | Error): T => {
  if (answer instanceof Error) throw answer
  return answer
}

export function createScriptedPurse(changes: Partial<PurseScript> = {}): ScriptedPurse {
  const calls: string[] = []
  const limits: (PaymentLimits | undefined)[] = []
  const abilities = new Set<WalletMethod>(PURSE_METHODS)
  const script: PurseScript = {
    pay: { type: 'refused', reason: 'nothing was scripted' },
    incoming: { state: 'pending' },
    outgoing: { state: 'not_found' },
    settle: 'done',
    cancel: 'done',
    made: new Error('nothing was scripted'),
    info: {},
    blocksToPayee: null,
    ...changes,
  }
  const told = async (): Promise<WalletInfo> => ({
    ...{ network: 'regtest', nodeId: null, blockHeight: 800, backend: null },
    ...script.info,
  })
  const noted = <T>(call: string, answer: () => T): Promise<T> => {
    calls.push(call)
    return Promise.resolve().then(answer)
  }
  const wallet: Wallet = {
    ...unsupportedBy('purse'),
    name: 'purse',
    methods: abilities,
    limits: new Set(['fee', 'delay']),
    start: async () => undefined,
    getInfo: told,
    lookupInvoice: () => noted('lookupInvoice', () => or(script.incoming)),
    lookupPayment: () => noted('lookupPayment', () => or(script.outgoing)),
    listIncoming: async () => ({ settled: [], cursor: null }),
    payInvoice(_bolt11, _hash, given) {
      limits.push(given)
      return noted('payInvoice', () => script.pay)
    },
    makeHoldInvoice: () => noted('makeHoldInvoice', () => or(script.made)),
    settleHoldInvoice: () => noted('settleHoldInvoice', () => void or(script.settle)),
    cancelHoldInvoice: () => noted('cancelHoldInvoice', () => void or(script.cancel)),
    estimateDelay: () => noted('estimateDelay', () => script.blocksToPayee),
    onSettled: () => () => undefined,
    stop: async () => undefined,
  }
  return { wallet, info: told, script, calls, limits, abilities }
}

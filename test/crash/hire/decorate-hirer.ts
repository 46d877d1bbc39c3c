/** Which points does a hire pass? Decorators around what the hirer is given; the product knows nothing of them. */
import type { HirerParts } from '../../../src/hirer/hirer.js'
import type { RelayPool } from '../../../src/ports.js'
import type { Trap } from '../kill/trap.js'

/** In place, because parts hold each other: the wallet speaks through the relay pool. */
export function decorateHirer(parts: HirerParts, trap: Trap): void {
  decoratePool(parts.relayPool, trap)
  decorateAll(parts.signer, 'signer', ['sign', 'encrypt', 'decrypt'], trap)
  decorateAll(parts.wallet, 'wallet', ['payInvoice', 'lookupPayment'], trap)
  decorateAll(parts.budget, 'budget', ['reserve', 'settle', 'release'], trap)
  const payments = ['pinOffer', 'claimAttempt', 'saveOutcome', 'saveCredential'] as const
  decorateAll(parts.payments, 'payments', payments, trap)
  const saves = ['saveHire', 'saveRound', 'saveAgreement', 'claimHash', 'saveResult', 'saveAck', 'close'] as const
  decorateAll(parts.journal, 'journal', saves, trap)
}

type Work = (...given: readonly unknown[]) => Promise<unknown>

function decorateAll<T extends object>(
  target: T,
  name: string,
  methods: readonly (keyof T & string)[],
  trap: Trap,
): void {
  for (const method of methods) {
    const plain = (target[method] as Work).bind(target)
    const decorated: Work = (...given) => trap.around(`${name}.${method}`, () => plain(...given))
    Object.assign(target, { [method]: decorated })
  }
}

function decoratePool(pool: RelayPool, trap: Trap): void {
  const plain = { ...pool }
  Object.assign(pool, {
    publish: (event, relay) => {
      const { kind } = typeof event === 'string' ? (JSON.parse(event) as { kind: number }) : event
      return trap.around(`publish:${kind}`, () => plain.publish(event, relay))
    },
    subscribe: (request) =>
      plain.subscribe({
        ...request,
        onEvent: (event, relay) => trap.aroundSync(`hear:${event.kind}`, () => request.onEvent(event, relay)),
      }),
  } satisfies Partial<RelayPool>)
}

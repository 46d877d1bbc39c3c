import { describe, expect, it } from 'vitest'
import type { PaymentHash } from '../../../src/core/identifiers.js'
import type { SettledIncoming } from '../../../src/ports.js'
import { createWalletListeners } from '../../../src/wallets/wallet-listeners.js'

const HASH = 'ab'.repeat(32) as PaymentHash
const SETTLED = { paymentHash: HASH } as SettledIncoming

describe('the listeners of a wallet', () => {
  it('that listen twice with the same function are told twice, and each stops for itself', () => {
    const listeners = createWalletListeners()
    const heard: string[] = []
    const onSettled = (): void => void heard.push('settled')
    const onGap = (): void => void heard.push('gap')
    const stop = listeners.onSettled(onSettled, onGap)
    listeners.onSettled(onSettled, onGap)
    listeners.tell(SETTLED)
    stop()
    listeners.gap()
    expect(heard).toEqual(['settled', 'settled', 'gap'])
  })

  it('for what is accepted are known to be there while they are', () => {
    const listeners = createWalletListeners()
    const heard: string[] = []
    const before = listeners.awaitAccepted()
    const stop = listeners.onAccepted((paymentHash) => heard.push(paymentHash))
    const meanwhile = listeners.awaitAccepted()
    listeners.tellAccepted(HASH)
    stop()
    expect([before, meanwhile, listeners.awaitAccepted(), heard]).toEqual([false, true, false, [HASH]])
  })

  it('hear nothing once they are cleared', () => {
    const listeners = createWalletListeners()
    const heard: string[] = []
    listeners.onSettled(
      () => heard.push('settled'),
      () => heard.push('gap'),
    )
    listeners.onAccepted(() => heard.push('accepted'))
    listeners.clear()
    listeners.tell(SETTLED)
    listeners.gap()
    listeners.tellAccepted(HASH)
    expect(heard).toEqual([])
  })
})

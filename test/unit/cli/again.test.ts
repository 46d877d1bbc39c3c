/** Does the command that is printed take up the same job or hire, as it stands? */
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { hireAgain, requestAgain } from '../../../src/cli/again.js'

const ID = 'ab'.repeat(32)

describe('a request is taken up', () => {
  it('by its id alone where nothing else was said', () => {
    expect(requestAgain(ID, { provider: 'npub1', relay: ['wss://relay.example'], path: '/joke' })).toBe(
      `tollbridge request --job ${ID}`,
    )
  })

  it('where its state lies, on its network, from the same wallet and within the same limit', () => {
    const options = { pay: true, maxSats: '100', walletFile: 'w.nwc', state: './kept', network: 'regtest' }
    expect(requestAgain(ID, options)).toBe(
      `tollbridge request --job ${ID} --pay --max-sats 100 --wallet-file w.nwc --state ./kept --network regtest`,
    )
  })

  it('with values that a shell reads back as they were', () => {
    const state = `a b'c$HOME`
    const words = requestAgain(ID, { state }).replace('tollbridge', `printf '%s\\n'`)
    expect(execFileSync('sh', ['-c', words], { encoding: 'utf8' }).split('\n')).toContain(state)
  })
})

describe('a hire is taken up', () => {
  it('with the relays, the wallet, the budget and the state that it had', () => {
    const options = {
      task: 'weather',
      maxSats: '50',
      relay: ['wss://a.example', 'wss://b.example'],
      ...{ walletFile: 'w.nwc', budgetSats: '500', state: 's' },
    }
    const rest = '--relay wss://a.example --relay wss://b.example --wallet-file w.nwc --budget-sats 500 --state s'
    expect(hireAgain(ID, options)).toBe(`tollbridge hire --resume ${ID} ${rest}`)
    expect(hireAgain(null, options)).toBe(`tollbridge hire ${rest}`)
  })
})

/** How did the hires end of which one side was killed? Read from the node, the gate, the relay and the disk, never from a process. */
import { readFile } from 'node:fs/promises'
import { isMalformed } from '../../../src/core/identifiers.js'
import { unwrapRumor } from '../../../src/nostr/gift-wrap.js'
import { parseDispatch } from '../../../src/nostr/kinds/dispatch.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { LIMIT_SATS, type HireScene } from './hire-scene.js'
import type { HirerOutcomes } from './hirer-task.js'

export interface HireVerdict {
  readonly ending: string
  readonly complaints: readonly string[]
  /** Payments beyond the one that is owed. */
  readonly doublePayments: number
  readonly budgetOverruns: number
  /** Jobs, results or orders beyond one for one request. */
  readonly runTwice: number
}

/**
 * How a hire may end that was paid. Of a POST the outcome may be unknown; of a token that is good once the use may be lost: both are
 * said, and the credential is handed over.
 */
const PAID = ['result', 'error outcome-unknown', 'error credential-consumed']
/** And one that was not: by the budget, or because the hirer died between its intention and its wallet, and so never pays again. */
const UNPAID = ['not-payable over-budget', 'payment-unknown']

export async function judgeHire(scene: HireScene): Promise<HireVerdict> {
  const { payer, task, gateway, row } = scene
  const settled = payer.payments().filter(({ state }) => state === 'settled')
  const spent = settled.reduce((sum, { amountMsat, feesMsat }) => sum + amountMsat + (feesMsat ?? 0), 0)
  const said = await saidToHirer(scene)
  const outcomes = await readOutcomes(task.outcomeFile)
  const complaints: string[] = []
  const claim = (truth: boolean, complaint: string): void => void (truth || complaints.push(complaint))
  claim(outcomes !== null, 'the hirer did not come to an end')
  const [first, second] = [outcomes?.first ?? 'nothing', outcomes?.second ?? 'nothing']
  const paid = [first, second].filter((word) => PAID.includes(word))
  const unpaid = [first, second].filter((word) => UNPAID.includes(word))
  claim(paid.length + unpaid.length === 2, `the hires ended with ${first} and ${second}`)
  claim(
    paid.length === settled.length,
    `${settled.length} payments were made; the hires ended with ${first} and ${second}`,
  )
  claim(settled.length === 1 || first === 'payment-unknown', `${settled.length} payments were made`)
  const runTwice =
    [...said.results.values(), ...said.offers.values()].filter((different) => different.size > 1).length +
    (row.method === 'POST' && gateway.api.orders > 1 ? 1 : 0)
  return {
    ending: `${row.name}: ${first}, then ${second}`,
    complaints,
    doublePayments: Math.max(0, settled.length - 1),
    budgetOverruns: spent > LIMIT_SATS * 1000 ? 1 : 0,
    runTwice,
  }
}

/** The messages of the provider, opened with the hirer's key: different rumors of one type about one request. */
async function saidToHirer(scene: HireScene) {
  const { task } = scene
  const signer = createKeySigner(Buffer.from(task.secretKey, 'hex'))
  const results = new Map<string, Set<string>>()
  const offers = new Map<string, Set<string>>()
  for (const wrap of scene.events().filter(({ kind }) => kind === 1059)) {
    const rumor = await unwrapRumor(signer, wrap)
    if (isMalformed(rumor) || rumor.pubkey !== task.provider) continue
    const message = parseDispatch(rumor)
    if (isMalformed(message)) continue
    if (message.type === 'dispatch-result') note(results, message.re, rumor.id)
    if (message.type === 'dispatch-invoice') note(offers, message.re, message.bolt11)
  }
  return { results, offers }
}

function note(found: Map<string, Set<string>>, re: string, what: string): void {
  found.set(re, (found.get(re) ?? new Set()).add(what))
}

async function readOutcomes(file: string): Promise<HirerOutcomes | null> {
  const text = await readFile(file, 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as HirerOutcomes)
}

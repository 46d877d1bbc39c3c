/** How did a job end whose daemon was killed? Read from the relay, the node, the gate and the state directory, never from the daemon. */
import { createHash } from 'node:crypto'
import { tagValue } from '../../../src/core/event.js'
import { isOwed } from '../../../src/core/job.js'
import type { ReadStore } from '../../../src/stores/read-store.js'
import { ORDER } from './customer.js'
import { errorsAllowed } from './rows.js'
import type { Scene } from './scene.js'

export interface Verdict {
  /** `returned`: the upstream could not be paid, and the customer has the money back. */
  readonly ending: 'delivered' | 'owed' | 'returned' | 'lost'
  /** What is wrong; empty where nothing is. */
  readonly complaints: readonly string[]
  readonly doubleCharge: boolean
  readonly secondResult: boolean
}

/** What the relay holds about the job. */
export function answersOf({ events, customer }: Pick<Scene, 'events' | 'customer'>) {
  const about = events().filter((event) => event.kind !== 7402 && tagValue(event, 'e') === customer.jobId)
  const withStatus = (status: string) =>
    about.filter((event) => event.kind === 7000 && tagValue(event, 'status') === status)
  return {
    offers: withStatus('payment-required'),
    errors: withStatus('error'),
    results: about.filter(({ kind }) => kind === 6800),
  }
}

export async function judge(scene: Scene, store: ReadStore): Promise<Verdict> {
  const { row, gateway, merchant, customer } = scene
  const { offers, errors, results } = answersOf(scene)
  const charges = merchant.incoming().filter(({ state }) => state === 'settled')
  const complaints: string[] = []
  const claim = (truth: boolean, complaint: string): void => {
    if (!truth) complaints.push(complaint)
  }
  claim(offers.length === 1, `${offers.length} invoices were published`)
  claim(charges.length === 1, `${charges.length} charges were made`)
  claim(results.length + errors.length === 1, `${results.length} results and ${errors.length} errors were published`)
  if (!row.idempotencyKey && row.method === 'POST') {
    claim(gateway.api.orders <= 1, `the order was placed ${gateway.api.orders} times`)
  }

  const job = store.get(customer.jobId) ?? (await store.findArchived(customer.jobId))
  const [result] = results
  const [error] = errors
  if (result) {
    claim(job?.state === 'completed', `a result was published, and the job is ${job?.state}`)
    claim(result.content === expectedAnswer(scene), 'the result is not what the API answered')
  } else if (error) {
    const [, , code = ''] = error.tags.find(([name]) => name === 'status') ?? []
    claim(
      errorsAllowed(row).some((allowed) => allowed === code),
      `it ended with ${code}`,
    )
    claim(job !== undefined && isOwed(job), `not listed as owed, the job is ${job?.state}`)
    claim(
      opensCharge(customer.open(error.content), charges[0]?.paymentHash),
      'the sealed credential is not the one paid for',
    )
  }
  return {
    ending: complaints.length > 0 ? 'lost' : result ? 'delivered' : 'owed',
    complaints,
    doubleCharge: charges.length > 1 || offers.length > 1,
    secondResult: results.length > 1,
  }
}

export const expectedAnswer = ({ row }: Scene): string =>
  row.method === 'POST'
    ? JSON.stringify({ order: JSON.parse(ORDER) as object, number: 1 })
    : JSON.stringify({ joke: 'Why did the satoshi cross the bridge? To be settled on the other side.' })

export function opensCharge(plaintext: string, paymentHash: string | undefined): boolean {
  const { type, token, preimage, authorization } = JSON.parse(plaintext) as Record<string, string>
  const hash = createHash('sha256')
    .update(preimage ?? '', 'hex')
    .digest('hex')
  const isWhole = authorization?.endsWith(` ${token}:${preimage}`) === true
  return type === 'l402-credential' && hash === paymentHash && isWhole
}

/** Who has the money in the end? What must be true of a killed daemon whose own wallet pays: read from the nodes, the relay and the store. */
import { isOwed } from '../../../src/core/job.js'
import type { ReadStore } from '../../../src/stores/read-store.js'
import type { SimulatedNode } from '../../../src/dev/lightning/simulated.js'
import { errorsAllowed } from './rows.js'
import type { Scene } from './scene.js'
import { answersOf, expectedAnswer, opensCharge, type Verdict } from './verdict.js'

export interface PurchaseVerdict extends Verdict {
  readonly doublePayment: boolean
  readonly unsettledHold: boolean
  readonly falseFailure: boolean
}

export async function judgePurchase(scene: Scene, purse: SimulatedNode, store: ReadStore): Promise<PurchaseVerdict> {
  const { row, merchant, customer, gateway } = scene
  const { offers, errors, results } = answersOf(scene)
  const complaints: string[] = []
  const claim = (truth: boolean, complaint: string): boolean => {
    if (!truth) complaints.push(complaint)
    return !truth
  }
  const charges = merchant.incoming().filter(({ state }) => state === 'settled')
  const taken = purse.incoming().filter(({ state }) => state === 'settled')
  const held = purse.incoming().filter(({ state }) => state === 'accepted')
  const sentBack = customer.node.incoming().filter(({ state }) => state === 'settled')
  const job = store.get(customer.jobId) ?? (await store.findArchived(customer.jobId))
  const isWrap = row.purchase?.mode === 'wrap'
  const isBought = charges.length > 0

  claim(offers.length === 1, `${offers.length} invoices were published`)
  claim(results.length + errors.length === 1, `${results.length} results and ${errors.length} errors were published`)
  const doublePayment = [
    claim(charges.length <= 1, `the upstream was paid ${charges.length} times`),
    claim(sentBack.length <= 1, `the money was sent back ${sentBack.length} times`),
  ].some(Boolean)
  const unsettledHold = [
    claim(held.length === 0, `${held.length} payments are held still`),
    claim(!isWrap || !isBought || taken.length === 1, 'the upstream is paid, and the hold was not settled'),
    claim(!isWrap || isBought || taken.length === 0, 'the upstream is not paid, and the hold was settled'),
  ].some(Boolean)
  const isFailure = job?.state === 'refunded' || errors.some((event) => codeOf(event.tags) === 'upstream-unpayable')
  const falseFailure = claim(!isBought || !isFailure, 'a payment that went through was called failed')
  claim(row.method === 'GET' || gateway.api.orders <= 1, `the order was placed ${gateway.api.orders} times`)

  const [result, error] = [results[0], errors[0]]
  if (result) {
    claim(isBought, 'there is a result, and the upstream was not paid')
    claim(job?.state === 'completed', `a result was published, and the job is ${job?.state}`)
    claim(result.content === expectedAnswer(scene), 'the result is not what the API answered')
  } else if (error && isBought) {
    claim(
      errorsAllowed(row).some((code) => code === codeOf(error.tags)),
      `it ended with ${codeOf(error.tags)}`,
    )
    claim(job !== undefined && isOwed(job), `not listed as owed, the job is ${job?.state}`)
    claim(opensCharge(customer.open(error.content), charges[0]?.paymentHash), 'the credential is not the one paid for')
  } else if (error) {
    claim(job?.state === 'refunded', `the upstream is not paid, and the job is ${job?.state}`)
    claim(isWrap || sentBack.length === 1, 'the money is here, and was not sent back')
  }
  const ending = complaints.length > 0 ? 'lost' : result ? 'delivered' : isBought ? 'owed' : 'returned'
  const [doubleCharge, secondResult] = [taken.length > 1 || offers.length > 1, results.length > 1]
  return { ending, complaints, doubleCharge, secondResult, doublePayment, unsettledHold, falseFailure }
}

const codeOf = (tags: readonly (readonly string[])[]): string => tags.find(([name]) => name === 'status')?.[2] ?? ''

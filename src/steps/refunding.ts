/** refunding: the customer has paid us and the upstream could not be paid. Send the money back, by a payment of its own. */
import type { Step } from './context.js'

export const refunding: Step<'refunding'> = async () => ({
  type: 'owed',
  reason: 'the job names no place to which the money can be sent back',
})

/** What was spent on each upstream out of our own wallet? One small file with a checksum, so that a restart forgets no cap. */
import { join } from 'node:path'
import { readFact, writeFact } from '../system/fact-file.js'

const SPENDING_FILE = 'spending.json'

export type Spent = Record<string, Record<string, number>>

/** @throws TollbridgeError `store-corrupt`: what was spent is never taken for nothing. */
export async function readSpending(directory: string): Promise<Spent> {
  return (await readFact<{ spent: Spent }>(join(directory, SPENDING_FILE)))?.spent ?? {}
}

/** Durable when resolved. */
export const writeSpending = (directory: string, spent: Spent): Promise<void> =>
  writeFact(join(directory, SPENDING_FILE), { spent })

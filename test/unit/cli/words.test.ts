/** What do people read of a request and of a hire? */
import { expect, it } from 'vitest'
import { wordsOfLine } from '../../../src/cli/request-words.js'

const at = { at: 1_790_000_000_000, sinceStartMs: 1500 }

it('a status is told with what the provider says of it, and once where that is nothing else', () => {
  const told = (message: string | null) =>
    wordsOfLine({ type: 'processing', status: 'processing', message, ...at }, { showInvoice: false })
  expect(told(null)).toBe('   1.50 s  the provider says: processing')
  expect(told('processing')).toBe(told(null))
  expect(told('half done')).toBe('   1.50 s  the provider says: processing, half done')
})

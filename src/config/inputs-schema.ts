/** What is fetched for a job before its call is made? The settings of `inputs`, each declared once. */
import { z } from 'zod'
import { GATHERED_TYPES } from '../policies/inputs.js'
import { wholeNumber, withoutRepeats } from './fields.js'

export const inputs = z
  .strictObject({
    types: z
      .array(z.enum(GATHERED_TYPES))
      .superRefine(withoutRepeats)
      .default([...GATHERED_TYPES])
      .describe('Types of input that are fetched: url, event and job; an empty list for none. Text is always read.'),
    maxBytes: wholeNumber(1, 10_485_760)
      .default(262_144)
      .describe('Largest size of all fetched inputs of a job together, in bytes.'),
    maxInputs: wholeNumber(1, 50).default(8).describe('The most inputs of a job that are fetched.'),
    maxDepth: wholeNumber(1, 20).default(3).describe('The most jobs in a row that wait for one another.'),
    timeoutSeconds: wholeNumber(1, 300).default(20).describe('How long one URL may take, in seconds.'),
    waitSeconds: wholeNumber(0, 86_400)
      .default(600)
      .describe(
        'How long after its arrival a job waits for its inputs, such as the result of another job, in seconds.',
      ),
    allowPrivate: z
      .boolean()
      .default(false)
      .describe('Whether customers may name URLs at private addresses: your own network would be open to them.'),
  })
  .prefault({})
  .describe('What is fetched for a job before its call is made.')

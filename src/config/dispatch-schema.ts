/** Which tasks of other agents does the operator take? The settings of `dispatch`, each declared once. */
import { z } from 'zod'
import { name, text } from './fields.js'
import { METHODS } from './upstream-schema.js'

const task = z
  .strictObject({
    method: z
      .enum(METHODS)
      .default('POST')
      .describe('HTTP method of the call.')
      .meta({ examples: ['POST'] }),
    path: text(1024)
      .describe('Path of the call; a route must allow it.')
      .meta({ examples: ['/v1/ask'] }),
    query: text(2048)
      .optional()
      .describe('Query of the call; {{prompt}} in it is replaced by the prompt, URL-encoded.')
      .meta({ examples: ['q={{prompt}}'] }),
    body: z
      .string()
      .max(16_384)
      .optional()
      .describe(
        'Body of the call; {{prompt}} is replaced by the prompt: as a JSON string where contentType is JSON, else as it is.',
      )
      .meta({ examples: ['{"prompt": {{prompt}}}'] }),
    contentType: text(128)
      .default('application/json')
      .describe('Content-Type of the body.')
      .meta({ examples: ['application/json'] }),
  })
  .describe('A task.')

export const dispatch = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Whether other agents may hand out tasks in gift-wrapped messages (NIP-17).'),
    tasks: z
      .record(name(), task)
      .prefault({})
      .describe(
        'Tasks that are made from a prompt, by name (think and build are those of dispatch-think and dispatch-build); every route can be asked for by its own name besides.',
      )
      .meta({ examples: ['think'] }),
  })
  .prefault({})
  .describe('What other agents may hand out.')

/** What does the operator want of encryption? The settings of `encryption`, each declared once. */
import { z } from 'zod'

export const encryption = z
  .strictObject({
    jobs: z
      .enum(['accept', 'require', 'refuse'])
      .default('accept')
      .describe(
        'Whether encrypted and gift-wrapped jobs are taken (accept), the only ones taken (require), or refused (refuse).',
      ),
    answers: z
      .enum(['inKind', 'always'])
      .default('inKind')
      .describe(
        'Whether answers are sealed the way the job came (inKind), or those to jobs sent in the open are encrypted, too (always).',
      ),
  })
  .prefault({})
  .describe('What is said in private.')

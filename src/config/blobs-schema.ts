/** Which settings do blobs have? Servers that keep, encrypted, the answers that are too large for an event. */
import { z } from 'zod'
import { originUrl, wholeNumber, withoutRepeats } from './fields.js'

/** A blob is held in memory while it is encrypted and uploaded. */
export const MOST_BLOB_BYTES = 104_857_600

export const blobs = z
  .strictObject({
    servers: z
      .array(originUrl())
      .max(10)
      .superRefine(withoutRepeats)
      .default([])
      .describe(
        'Blossom servers for answers that are too large for an event, in the order of preference; they see ciphertext only, and may have private addresses if your customers can reach them.',
      )
      .meta({ examples: [['https://blossom.example.com', 'https://blobs.example.net']] }),
    copies: wholeNumber(1, 10)
      .default(2)
      .describe('How many of the servers are to keep a blob; one that gives it back is enough to deliver.'),
    maxBytes: wholeNumber(65_536, MOST_BLOB_BYTES)
      .default(10_485_760)
      .describe('The largest answer that goes into a blob, in bytes.'),
    timeoutSeconds: wholeNumber(1, 600).default(60).describe('Longest time for one call to a server, in seconds.'),
  })
  .prefault({})
  .describe('Where answers are kept that are too large for an event.')

/** How is the service made known? The settings of `announce`, each declared once. */
import { z } from 'zod'
import { publicUrl, text, wholeNumber, withoutRepeats } from './fields.js'

/** NIP-05 and LUD-16 share the form of an e-mail address. */
const internetName = (error: string) =>
  z
    .string()
    .max(320)
    .regex(/^[a-z0-9._-]{1,64}@[a-z0-9][a-z0-9.-]*\.[a-z]{2,63}$/, { error })

const upkeep = () => z.enum(['auto', 'always', 'off']).default('auto')

export const announce = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether the service is announced on the write relays (NIP-89).'),
    name: text(100).default('Tollbridge').describe('Name of the service as customers see it.'),
    about: text(2000)
      .default('Carries Nostr jobs to a paid HTTP API, and its answers back.')
      .describe('What the service does, in a sentence or two.'),
    picture: publicUrl()
      .optional()
      .describe('URL of a picture.')
      .meta({ examples: ['https://api.example.com/logo.png'] }),
    website: publicUrl()
      .optional()
      .describe('URL of a page about the service, for its profile.')
      .meta({ examples: ['https://api.example.com'] }),
    nip05: internetName('must be a name such as api@example.com, in lower case')
      .optional()
      .describe('Internet name of the key (NIP-05), for its profile; checked at each start.')
      .meta({ examples: ['api@example.com'] }),
    lud16: internetName('must be a Lightning address such as till@example.com, in lower case')
      .optional()
      .describe(
        'Lightning address for the profile; unset, none: jobs are paid by their invoices, and zaps are not watched.',
      )
      .meta({ examples: ['till@example.com'] }),
    profile: upkeep().describe(
      'Whether the profile of the key (kind 0) is kept up: auto, unless the key has one that was not written here; always; off.',
    ),
    relayLists: upkeep().describe(
      'Whether the relay lists of the key (kinds 10002 and 10050) are kept up: auto, unless it has others; always; off.',
    ),
    identifier: z
      .string()
      .regex(/^[A-Za-z0-9._-]{1,64}$/, { error: 'must be 1 to 64 letters, digits, dots, dashes and underscores' })
      .default('tollbridge')
      .describe('Identifier (d tag) of the announcement; two daemons with one key need two.'),
    topics: z
      .array(text(50))
      .max(20)
      .superRefine(withoutRepeats)
      .default([])
      .describe('Topics (t tags) under which the service is found.'),
    refreshHours: wholeNumber(1, 720).default(12).describe('Time between two announcements, in hours.'),
    heartbeatSeconds: wholeNumber(0, 3600)
      .default(300)
      .describe('Time between two heartbeats (kind 11998), said while jobs can be served, in seconds; 0 for none.'),
    publish31402: z.boolean().default(true).describe('Whether the service is also listed as a paid API (kind 31402).'),
  })
  .prefault({})
  .describe('How the service is made known.')

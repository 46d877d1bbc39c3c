/** What is fuzzed, all of it? */
import type { Target } from '../target.js'
import { answerTargets } from './answers.js'
import { relayTargets } from './relays.js'
import { sealedTargets } from './sealed.js'
import { upstreamTargets } from './upstreams.js'

export const allTargets = (): Target[] => [
  ...relayTargets(),
  ...sealedTargets(),
  ...answerTargets(),
  ...upstreamTargets(),
]

/** `tollbridge announce [--retire]`: publish or take back the announcements, and say what each relay answered. */
import { openAdapters } from '../wiring/adapters.js'
import type { Config } from '../config/config.js'
import { openPresence } from '../wiring/announcing.js'
import type { AnnouncementOutcome } from '../engine/publication.js'
import { upstreamOf } from '../wiring/upstreams.js'
import { askDaemon } from './control-client.js'
import { EXIT } from './exit-codes.js'
import { silentLog } from './log.js'
import type { Output } from './output.js'

/** Asks the running daemon, or takes the lease if none runs: announcements never go out from two places at once. */
export async function announce(config: Config, retire: boolean, output: Output): Promise<number> {
  const path = retire ? '/retire' : '/announce'
  const answer = (await askDaemon(config.stateDirectory, 'POST', path)) as { outcomes: AnnouncementOutcome[] } | null
  const outcomes = answer?.outcomes ?? (await announceAlone(config, retire))
  for (const outcome of outcomes) {
    output.object({ type: 'announcement', ...outcome })
    output.data(
      `kind ${outcome.kind}  ${outcome.relay}  ${outcome.verdict}${outcome.reason ? `: ${outcome.reason}` : ''}`,
    )
  }
  const kinds = new Set(outcomes.map(({ kind }) => kind))
  const held = new Set(outcomes.filter(({ verdict }) => verdict === 'accepted').map(({ kind }) => kind))
  return kinds.size > 0 && held.size === kinds.size ? EXIT.ok : EXIT.failed
}

async function announceAlone(config: Config, retire: boolean): Promise<readonly AnnouncementOutcome[]> {
  const adapters = await openAdapters(config, silentLog, { briefly: true })
  try {
    const upstreams = config.upstreams.map(upstreamOf)
    const presence = openPresence({ config, adapters, upstreams, isServing: async () => false })
    try {
      return await (retire ? presence.retire() : presence.announce())
    } finally {
      presence.stop()
    }
  } finally {
    await adapters.stop()
  }
}

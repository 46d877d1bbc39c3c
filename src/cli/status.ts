/** `tollbridge status`: can the daemon serve? Exits 0 only when it can. */
import type { DaemonStatus } from '../engine/status.js'
import { askDaemon } from './control-client.js'
import { EXIT } from './exit-codes.js'
import type { Output } from './output.js'

const PROOFS = { echo: 'proven by echo', eose: 'weakly proven (it answers)' } as const

export async function showStatus(stateDirectory: string, output: Output): Promise<number> {
  const status = (await askDaemon(stateDirectory, 'GET', '/status')) as DaemonStatus | null
  if (!status) {
    output.object({ type: 'status', running: false, ready: false })
    output.say(`no daemon is running on ${stateDirectory}: tollbridge run starts it`)
    return EXIT.unreachable
  }
  output.object({ type: 'status', running: true, ...status })
  output.data(describe(status))
  return status.ready ? EXIT.ok : EXIT.notReady
}

function describe(status: DaemonStatus): string {
  const relays = status.relays.map((relay) => `  ${relay.url}  ${stateOf(relay)}`)
  const wallets = status.wallets.map(({ name, usable }) => `  ${name}  ${usable ? 'usable' : 'not usable'}`)
  return [
    `${status.ready ? 'ready' : `NOT ready: ${status.reasons.join('; ')}`}  (pid ${status.pid}, up ${status.uptimeSeconds} s)`,
    `open jobs: ${status.openJobs}   taken: ${status.intake.admitted}   refused: ${status.intake.refused}`,
    ...(status.readBack.missing > 0 ? [`paid results that relays lost, sent again: ${status.readBack.missing}`] : []),
    ...(status.losses > 0 ? [`losses: ${status.losses}, ${status.lossMsat / 1000} sats (jobs list --lost)`] : []),
    ...(status.name === null ? [] : [`name: ${status.name.address}  ${status.name.reason ?? 'names us'}`]),
    'relays:',
    ...relays,
    ...(wallets.length > 0 ? ['wallets:', ...wallets] : []),
  ].join('\n')
}

function stateOf({ connected, listening, lastError, proof, proofAgeSeconds }: DaemonStatus['relays'][number]): string {
  const why = lastError === null ? '' : ` (${lastError})`
  if (!connected) return `down${why}`
  if (listening === 0) return `connected${why}`
  return `listening, ${proof === null ? 'not proven' : `${PROOFS[proof]} ${proofAgeSeconds ?? 0} s ago`}${why}`
}

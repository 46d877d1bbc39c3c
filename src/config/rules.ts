/** Which settings of different groups contradict each other? Every sentence names both and the way out. */
import type { Settings } from './schema.js'
import { nearestName } from './nearest.js'
import type { Problem } from './problems.js'
import type { WalletType } from './wallets-schema.js'

/** A rule is silent where a setting that it needs is itself wrong. */
type Rule = (settings: Partial<Settings>) => Problem[]

const quorumCanBeReached: Rule = ({ publish, relays }) => {
  if (!publish || !relays) return []
  const group = relays.write ? 'write' : 'read'
  const count = (relays.write ?? relays.read).length
  if (publish.quorum <= count) return []
  const message = `is ${publish.quorum}, but relays.${group} has ${count}: lower publish.quorum or add relays`
  return [{ path: ['publish', 'quorum'], message }]
}

const upstreamNamesDiffer: Rule = ({ upstreams }) => {
  const first = new Map<string, number>()
  return (upstreams ?? []).flatMap(({ name }, index) => {
    const other = first.get(name)
    if (other === undefined) {
      first.set(name, index)
      return []
    }
    const message = `is also the name of upstreams[${other}]: give each upstream a name of its own`
    return [{ path: ['upstreams', index, 'name'], message }]
  })
}

const walletsExist: Rule = ({ upstreams, wallets }) => {
  if (!upstreams || !wallets) return []
  const names = Object.keys(wallets)
  return upstreams.flatMap((upstream, index) =>
    (['merchantWallet', 'wallet'] as const).flatMap((setting) => {
      const named = upstream[setting]
      if (named === undefined || names.includes(named)) return []
      const near = nearestName(named, names)
      const hint = near === undefined ? `add it under wallets or remove ${setting}` : `did you mean ${near}?`
      return [{ path: ['upstreams', index, setting], message: `names ${named}, which is not in wallets: ${hint}` }]
    }),
  )
}

/** Of these types no wallet holds payments, whatever its credential allows. */
const NEVER_HOLD: readonly WalletType[] = ['phoenixd', 'lnbits']

const wrapsCanHold: Rule = ({ upstreams, wallets }) => {
  if (!upstreams || !wallets) return []
  return upstreams.flatMap(({ mode, wallet }, index) => {
    const type = wallets[wallet ?? '']?.type
    if (mode !== 'wrap' || type === undefined || !NEVER_HOLD.includes(type)) return []
    const message = `is wrap, and wallet ${wallet} is of type ${type}, which cannot hold payments: name one of type lnd, nwc or cln, or set mode: resell`
    return [{ path: ['upstreams', index, 'mode'], message }]
  })
}

const answersFit: Rule = ({ upstreams, publish, blobs }) => {
  if (!upstreams || !publish || !blobs) return []
  return upstreams.flatMap(({ maxResponseBytes }, index) => {
    if (blobs.servers.length > 0) {
      if (maxResponseBytes === undefined || maxResponseBytes <= blobs.maxBytes) return []
      const message = `is ${maxResponseBytes}, above blobs.maxBytes (${blobs.maxBytes}), so that it could not be delivered: lower it or raise blobs.maxBytes`
      return [{ path: ['upstreams', index, 'maxResponseBytes'], message }]
    }
    if (maxResponseBytes === undefined || maxResponseBytes < publish.maxEventBytes) return []
    const message = `is ${maxResponseBytes}, which can never fit into an event of publish.maxEventBytes (${publish.maxEventBytes}): lower it, or name servers in blobs.servers`
    return [{ path: ['upstreams', index, 'maxResponseBytes'], message }]
  })
}

const zapsHaveAnAddress: Rule = ({ upstreams, announce }) => {
  if (!upstreams || !announce || announce.lud16 !== undefined) return []
  return upstreams.flatMap(({ resell }, index) => {
    if (!resell.zaps) return []
    const message = 'is true, and announce.lud16 is not set: name the Lightning address that the wallet receives for'
    return [{ path: ['upstreams', index, 'resell', 'zaps'], message }]
  })
}

const RULES: readonly Rule[] = [
  quorumCanBeReached,
  upstreamNamesDiffer,
  walletsExist,
  wrapsCanHold,
  answersFit,
  zapsHaveAnAddress,
]

export const checkRules = (settings: Partial<Settings>): Problem[] => RULES.flatMap((rule) => rule(settings))

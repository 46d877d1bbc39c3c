/** With what does the daemon run in effect? The resolved settings for people to read, every secret replaced by `(set)`. */
import { stringify } from 'yaml'
import type { Config } from './config.js'

const SECRET = '(set)'

/** Plain data, named as in the file; for `--json` as it is. */
export function describeConfig(config: Config) {
  // Named one by one, so that a secret added later is not printed by accident.
  const { file, pubkey, stateDirectory, network, logLevel, relays, upstreams, wallets, walletUris } = config
  const { jobs, admission, inputs, publish, blobs, settlement, encryption, dispatch, announce, handlers } = config
  return {
    file,
    key: SECRET,
    pubkey,
    signerTimeoutSeconds: config.signerTimeoutSeconds,
    stateDirectory,
    network,
    logLevel,
    relays,
    upstreams,
    wallets: Object.fromEntries(
      [...wallets].map(([name, { type }]) => [name, { type, uri: walletUris.has(name) ? SECRET : '(missing)' }]),
    ),
    jobs,
    admission: { ...admission, allow: [...admission.allow], deny: [...admission.deny] },
    inputs,
    publish,
    blobs,
    settlement,
    encryption,
    dispatch,
    announce,
    handlers,
  }
}

/** The same as YAML. */
export const printConfig = (config: Config): string =>
  stringify(describeConfig(config), { lineWidth: 0, aliasDuplicateObjects: false })

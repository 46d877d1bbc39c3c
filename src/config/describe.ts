/** With what does the daemon run in effect? The resolved settings for people to read, every secret replaced by `(set)`. */
import { stringify } from 'yaml'
import type { Config } from './config.js'

const SECRET = '(set)'

/** Plain data, named as in the file; for `--json` as it is. */
export function describeConfig(config: Config) {
  // Named one by one, so that a secret added later is not printed by accident.
  const { file, pubkey, stateDirectory, network, logLevel, relays, upstreams, wallets, walletSecrets } = config
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
      [...wallets].map(([name, { type, origin, certificate }]) => [
        name,
        {
          type,
          ...(type === 'nwc' ? {} : { url: origin, certificate }),
          [type === 'nwc' ? 'uri' : 'credential']: walletSecrets.has(name) ? SECRET : '(missing)',
        },
      ]),
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

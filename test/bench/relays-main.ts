/** Where do the jobs of the bench pass? N relays in one process; they take signatures on trust, so as not to be what is measured. */
import { startRelay } from '../../src/dev/relay/relay.js'

const count = Number(process.argv[2] ?? 1)
const relays = await Promise.all(Array.from({ length: count }, () => startRelay({ verify: false })))

process.once('disconnect', () => process.exit(0))
process.send?.({ urls: relays.map(({ url }) => url) })

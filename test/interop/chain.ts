/** Where do the coins of the interop suite come from? A regtest chain by btcd, mined to a key of ours and handed out. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { networks, payments, Psbt } from 'bitcoinjs-lib'
import * as secp256k1 from 'tiny-secp256k1'
import { Client } from 'undici'
import { startDaemon, until } from './daemon.js'

export interface Chain {
  /** As LND's options name it. */
  readonly backend: readonly string[]
  mine(blocks: number): Promise<void>
  /** Sends coins of the first block to each address and mines them in. Once. */
  fund(addresses: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** Coins can be spent after 100 blocks, and witnesses are in force on regtest after three periods of 144. */
const FIRST_BLOCKS = 450
const SUBSIDY = 5_000_000_000
const EACH = 1_000_000_000
const FEE = 10_000
const USER = 'interop'

export interface ChainParts {
  readonly program: string
  readonly directory: string
  readonly ports: readonly [peer: number, rpc: number]
}

/** Its tip is of now, without which LND does not start. */
export async function startChain({ program, directory, ports: [peer, rpc] }: ChainParts): Promise<Chain> {
  const key = randomBytes(32)
  const pubkey = Buffer.from(secp256k1.pointFromScalar(key, true) ?? [])
  const { address, output } = payments.p2wpkh({ pubkey, network: networks.regtest })
  if (address === undefined || output === undefined) throw new Error('no address')
  const password = randomBytes(16).toString('hex')
  const cert = join(directory, 'btcd.cert')
  const options = {
    datadir: join(directory, 'btcd'),
    logdir: join(directory, 'btcd-logs'),
    configfile: join(directory, 'none.conf'),
    rpcuser: USER,
    rpcpass: password,
    rpclisten: `127.0.0.1:${rpc}`,
    listen: `127.0.0.1:${peer}`,
    rpccert: cert,
    rpckey: join(directory, 'btcd.key'),
    miningaddr: address,
  }
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
  const daemon = startDaemon(program, ['--regtest', '--txindex', '--nodnsseed', ...flags], join(directory, 'btcd.log'))

  async function call(method: string, ...params: readonly unknown[]): Promise<unknown> {
    const client = new Client(`https://127.0.0.1:${rpc}`, { connect: { ca: readFileSync(cert) } })
    try {
      const authorization = `Basic ${Buffer.from(`${USER}:${password}`).toString('base64')}`
      const body = JSON.stringify({ jsonrpc: '1.0', id: 1, method, params })
      const headers = { authorization, 'content-type': 'application/json' }
      const answer = await client.request({ method: 'POST', path: '/', headers, body })
      const { result, error } = (await answer.body.json()) as { result: unknown; error: unknown }
      if (error) throw new Error(`btcd refused ${method}: ${JSON.stringify(error)}`)
      return result
    } finally {
      await client.destroy()
    }
  }
  const mine = async (blocks: number): Promise<void> => void (await call('generate', blocks))

  await until('btcd answers', async () => (await call('getblockcount')) === 0)
  await mine(FIRST_BLOCKS)

  return {
    backend: [
      '--bitcoin.node=btcd',
      `--btcd.rpchost=127.0.0.1:${rpc}`,
      `--btcd.rpcuser=${USER}`,
      `--btcd.rpcpass=${password}`,
      `--btcd.rpccert=${cert}`,
    ],
    mine,
    async fund(addresses) {
      const block = (await call('getblock', await call('getblockhash', 1), 1)) as { tx: string[] }
      const [coinbase] = block.tx
      if (coinbase === undefined) throw new Error('the first block has no coinbase')
      const psbt = new Psbt({ network: networks.regtest })
      psbt.addInput({ hash: coinbase, index: 0, witnessUtxo: { script: output, value: SUBSIDY } })
      for (const to of addresses) psbt.addOutput({ address: to, value: EACH })
      psbt.addOutput({ address, value: SUBSIDY - EACH * addresses.length - FEE })
      psbt.signInput(0, { publicKey: pubkey, sign: (hash) => Buffer.from(secp256k1.sign(hash, key)) })
      psbt.finalizeAllInputs()
      await call('sendrawtransaction', psbt.extractTransaction().toHex())
      await mine(1)
    },
    stop: () => daemon.stop(),
  }
}

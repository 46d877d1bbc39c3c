/** How does a real LND node take part in the interop suite? Its process, and what the suite does at it directly. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PaymentHash, Preimage } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import { PaymentFault, type Invoice, type InvoiceRequest, type Receipt } from '../../src/dev/lightning/node.js'
import { createWalletHttp, type WalletHttp } from '../../src/wallets/http.js'
import { startDaemon, until, type Daemon } from './daemon.js'

type Json = Record<string, unknown>

export interface RealNode {
  readonly id: string
  readonly url: string
  /** PEM. */
  readonly certificate: string
  /** `host:port` for peers. */
  readonly peerAddress: string
  call(method: 'GET' | 'POST', path: string, json?: object): Promise<Json>
  bake(permissions: readonly string[]): Promise<string>
  makeInvoice(request: InvoiceRequest): Promise<Invoice>
  pay(bolt11: string): Promise<Receipt>
  /** Ends it in order and starts it again, at the same place. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface RealNodeParts {
  readonly program: string
  readonly directory: string
  readonly ports: readonly [peer: number, rpc: number, rest: number]
  readonly backend: readonly string[]
}

/** Resolves when it has caught up with the chain. */
export async function startRealNode({ program, directory, ports, backend }: RealNodeParts): Promise<RealNode> {
  const [peer, rpc, rest] = ports
  const url = `https://127.0.0.1:${rest}`
  const adminFile = join(directory, 'data/chain/bitcoin/regtest/admin.macaroon')
  const certFile = join(directory, 'tls.cert')
  const args = [
    `--lnddir=${directory}`,
    '--bitcoin.regtest',
    ...backend,
    '--noseedbackup',
    `--listen=127.0.0.1:${peer}`,
    `--rpclisten=127.0.0.1:${rpc}`,
    `--restlisten=127.0.0.1:${rest}`,
    '--debuglevel=info',
  ]
  let http: WalletHttp | undefined
  const start = (): Daemon => startDaemon(program, args, `${directory}.log`)
  let daemon = start()

  async function call(method: 'GET' | 'POST', path: string, json?: object): Promise<Json> {
    http ??= createWalletHttp({
      name: 'node',
      origin: url,
      headers: { 'grpc-metadata-macaroon': readFileSync(adminFile, 'hex') },
      certificate: readFileSync(certFile, 'utf8'),
      timeoutMs: 30_000,
    })
    const { status, body } = await http.ask({ method, path, ...(json ? { json } : {}) })
    if (status !== 200) throw new Error(`LND answered ${status} to ${path}: ${JSON.stringify(body)}`)
    return body as Json
  }
  const caughtUp = async (): Promise<void> =>
    until('LND has caught up with its chain', async () => {
      if (daemon.hasEnded) throw new Error(`LND has ended: see ${directory}.log`)
      if (!existsSync(adminFile)) return false
      return (await call('GET', '/v1/getinfo'))['synced_to_chain'] === true
    })
  await caughtUp()
  const { identity_pubkey: id } = await call('GET', '/v1/getinfo')

  return {
    id: String(id),
    url,
    certificate: readFileSync(certFile, 'utf8'),
    peerAddress: `127.0.0.1:${peer}`,
    call,
    async bake(permissions) {
      const listed = permissions.map((one) => ({
        entity: one.split(':')[0],
        action: one.split(':').slice(1).join(':'),
      }))
      return String((await call('POST', '/v1/macaroon', { permissions: listed }))['macaroon'])
    },
    async makeInvoice({ amountMsat, description, expirySeconds, minCltvDelta }) {
      const terms = { value_msat: String(amountMsat ?? 0), memo: description, expiry: String(expirySeconds) }
      const delta = minCltvDelta === undefined ? {} : { cltv_expiry: String(minCltvDelta) }
      const made = await call('POST', '/v1/invoices', { ...terms, ...delta })
      const paymentHash = Buffer.from(String(made['r_hash']), 'base64').toString('hex') as PaymentHash
      const { r_preimage: known } = await call('GET', `/v1/invoice/${paymentHash}`)
      const preimage = Buffer.from(String(known), 'base64').toString('hex') as Preimage
      return { bolt11: String(made['payment_request']), paymentHash, preimage }
    },
    async pay(bolt11) {
      const json = { payment_request: bolt11, timeout_seconds: 60, fee_limit_msat: '10000', no_inflight_updates: true }
      let last: Json = {}
      const onLine = (line: string): 'more' => {
        last = JSON.parse(line) as Json
        return 'more'
      }
      await http?.lines({ method: 'POST', path: '/v2/router/send', json }, { onLine, idleMs: 120_000 })
      const result = last['result'] as Json | undefined
      if (result?.['status'] !== 'SUCCEEDED') throw new PaymentFault('refused', JSON.stringify(last))
      return { preimage: result['payment_preimage'] as Preimage, feesMsat: Number(result['fee_msat']) as Msat }
    },
    async restart() {
      await daemon.stop()
      daemon = start()
      await caughtUp()
    },
    async stop() {
      await http?.stop()
      await daemon.stop()
    },
  }
}

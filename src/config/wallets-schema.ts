/** Which settings does a wallet have? One kind of wallet a `type`; each type says which of the others it needs. */
import { z } from 'zod'
import { filePath, name, secretReference, walletUrl } from './fields.js'
import { isLocalHost } from '../core/hosts.js'

export const WALLET_TYPES = ['nwc', 'lnd', 'cln', 'phoenixd', 'lnbits'] as const
export type WalletType = (typeof WALLET_TYPES)[number]

const walletSchema = z
  .strictObject({
    type: z
      .enum(WALLET_TYPES)
      .describe(
        'Kind of wallet: nwc (Nostr Wallet Connect, NIP-47), lnd (an LND node, over its REST interface), cln (a Core Lightning node, over clnrest), phoenixd, or lnbits (a wallet of an LNbits server).',
      )
      .meta({ examples: ['nwc'] }),
    uri: secretReference()
      .optional()
      .describe(
        'For nwc, where the connection URI is kept: { file } or { env }; for a merchantWallet one that can only read is enough.',
      )
      .meta({ examples: [{ file: './till.nwc' }] }),
    url: walletUrl()
      .optional()
      .describe('For a wallet with an HTTP interface: its scheme, host and port, such as https://127.0.0.1:8080.'),
    credential: secretReference()
      .optional()
      .describe(
        'For a wallet with an HTTP interface, where its macaroon, rune, password or key is kept: { file } or { env }.',
      ),
    certificate: filePath()
      .optional()
      .describe('Path of a PEM file with the certificate that the wallet shows, where it has signed it itself.'),
    allowInsecure: z
      .boolean()
      .default(false)
      .describe('Whether plain http to a host other than this machine is allowed.'),
  })
  .superRefine((wallet, ctx) => {
    const say = (path: string, message: string) => ctx.addIssue({ code: 'custom', path: [path], message })
    if (wallet.type === 'nwc') {
      if (!wallet.uri) say('uri', 'is missing: a wallet of type nwc needs { file } or { env } of its connection URI')
      for (const other of ['url', 'credential', 'certificate'] as const) {
        if (wallet[other] !== undefined) say(other, 'does not belong to a wallet of type nwc: remove it')
      }
      return
    }
    const { type } = wallet as { type: string }
    if (wallet.uri) say('uri', `does not belong to a wallet of type ${type}: use url and credential`)
    if (wallet.url === undefined) say('url', `is missing: a wallet of type ${type} needs scheme, host and port`)
    if (!wallet.credential) say('credential', `is missing: a wallet of type ${type} needs { file } or { env } of it`)
    if (wallet.url === undefined || !URL.canParse(wallet.url)) return
    const { protocol, hostname } = new URL(wallet.url)
    if (protocol === 'http:' && !isLocalHost(hostname) && !wallet.allowInsecure) {
      say(
        'url',
        'is plain http to another machine, and allowInsecure is false: use https, or set allowInsecure: true if the network between is yours',
      )
    }
  })
  .describe('A wallet.')

export const wallets = z
  .record(name(), walletSchema)
  .prefault({})
  .describe('Lightning wallets by a name of your choice; merchantWallet and wallet of an upstream refer to it.')
  .meta({ examples: ['till'] })

export type WalletSettings = z.output<typeof walletSchema>

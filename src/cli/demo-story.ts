/** What does the demo tell? Each step as it happens, and a last line with what everybody paid. */
import { renderInvoiceQr } from '../customer/invoice-qr.js'
import type { RequestOutcome } from '../customer/request-outcome.js'
import type { StoryLine } from '../customer/story.js'
import type { DevPurse } from '../dev/purse.js'
import type { DevWorld } from '../dev/world.js'
import { EXIT } from './exit-codes.js'
import type { Output } from './output.js'

export interface DemoStory {
  /** The world runs, and so does the daemon. */
  begin(): void
  readonly tell: (line: StoryLine) => void
  /** Returns the exit code. */
  end(outcome: RequestOutcome): number
}

const WALLET_WORDS = {
  nwc: 'a wallet over NWC',
  lnd: 'LND over REST',
  cln: 'Core Lightning over clnrest',
  phoenixd: 'phoenixd',
  lnbits: 'LNbits',
} as const

/** Whether money moves over real nodes, and why not. Null where it does. */
export function whySimulated({ lightning, purse }: Pick<DevWorld, 'lightning' | 'purse'>): string | null {
  if (lightning === 'ldk') return null
  return purse
    ? `Payments run over a simulation of Lightning; ${WALLET_WORDS[purse.wallet]} speaks as the real one does.`
    : 'The package lightningdevkit is not installed, so payments run over a simulation of Lightning.'
}

const sats = (msat: number | null | undefined): string => `${(msat ?? 0) / 1000} sats`

export function createDemoStory(scene: {
  readonly output: Output
  readonly startedAt: number
  readonly world: DevWorld
}): DemoStory {
  const { output, startedAt, world } = scene
  const { purse, merchant } = world
  let jobId: string | null = null
  let amountMsat: number | null = null
  let settledAt: number | null = null
  let resultAt: number | null = null

  const say = (text: string, at = Date.now()) => output.data(`${String(at - startedAt).padStart(6)} ms  ${text}`)

  function tell(line: StoryLine): void {
    output.object(line)
    switch (line.type) {
      case 'published':
        jobId = line.jobId
        return say(`job        ${line.jobId} (kind 5800, GET /joke) is on the relay`, line.at)
      case 'offered':
        amountMsat = line.amountMsat
        say(`challenge  ${sayOffer(purse)}: ${sats(line.amountMsat)}`, line.at)
        output.data(`\n${line.bolt11 ?? ''}\n`)
        return output.data(line.bolt11 === null ? '' : renderInvoiceQr(line.bolt11))
      case 'paying':
        return say(`payment    the customer's wallet pays`, line.at)
      case 'paid':
        return say(`payment    the customer's wallet holds the preimage`, line.at)
      case 'processing':
        return say(
          `processing ${purse ? 'the daemon has' : 'the daemon learned of it and calls the API with'} the credential`,
          line.at,
        )
      case 'result':
        resultAt = line.at
        return say(`result     ${line.resultId} (kind 6800, HTTP ${line.httpStatus}, ${line.bytes} bytes)`, line.at)
      default:
        return
    }
  }

  /** What the wallets of the others see. */
  function follow(): void {
    merchant.onSettled((payment) => {
      settledAt = Date.now()
      const what = purse
        ? `the bridge paid the API's invoice: ${sats(payment.amountMsat)}`
        : `the API's Lightning node was paid`
      say(`${purse ? 'bought    ' : 'settled   '} ${what}`, settledAt)
    })
    purse?.node.onAccepted(() => say(`held       the customer's payment waits at the bridge, and nobody has it yet`))
    purse?.node.onSettled((payment) => {
      const how = purse.mode === 'wrap' ? 'the preimage that it bought opens the payment' : 'its own invoice was paid'
      say(`${purse.mode === 'wrap' ? 'settled   ' : 'received  '} ${how}: ${sats(payment.amountMsat)} to the bridge`)
    })
  }

  return {
    tell,
    begin() {
      const simulated = whySimulated(world)
      if (simulated !== null) output.say(simulated)
      const nodes = world.lightning === 'ldk' ? 'two LDK nodes with a channel on regtest' : 'a simulation of Lightning'
      const mode = purse && { mode: purse.mode, wallet: purse.wallet }
      output.object({
        type: 'started',
        relay: world.relay.url,
        lightning: world.lightning,
        provider: world.npub,
        ...mode,
      })
      const whose = purse ? `, which is paid by ${WALLET_WORDS[purse.wallet]} (${purse.mode})` : ''
      say(`started    a relay (${world.relay.url}), ${nodes}, an L402 gate before a small API${whose}, and the daemon`)
      follow()
    },
    end(outcome) {
      if (outcome.type !== 'result') {
        output.object({ type: 'failed', outcome: outcome.type })
        output.say(`the job did not complete: ${outcome.type}`)
        return EXIT.failed
      }
      const settleToResultMs = Math.max(0, (resultAt ?? 0) - (settledAt ?? 0))
      output.data(`\n${Buffer.from(outcome.body).toString('utf8')}\n`)
      const books = purse && booksOf(purse)
      const split = books
        ? `, of which the API has ${sats(books.upstreamPaidMsat)} and the way to it ${sats(books.feesMsat)}`
        : ''
      say(`completed  ${sats(amountMsat)}${split}; ${settleToResultMs} ms from settlement to result`)
      output.object({ type: 'completed', jobId, resultId: outcome.resultId, amountMsat, settleToResultMs, ...books })
      return EXIT.ok
    },
  }
}

function sayOffer(purse: DevPurse | null): string {
  if (!purse) return 'the API asked for payment (402); the invoice came as kind 7000'
  const whose =
    purse.mode === 'wrap' ? 'a hold invoice of the bridge on the same payment hash' : 'an invoice of the bridge'
  return `the API asked for payment (402); ${whose} came as kind 7000`
}

/** By the bridge's own node: what came in, and what went out. */
function booksOf({ mode, wallet, node }: DevPurse) {
  const settled = <Payment extends { readonly state: string }>(payments: readonly Payment[]): Payment[] =>
    payments.filter(({ state }) => state === 'settled')
  const sum = (amounts: readonly (number | null)[]): number => amounts.reduce<number>((all, one) => all + (one ?? 0), 0)
  const sent = settled(node.payments())
  return {
    mode,
    wallet,
    customerPaidMsat: sum(settled(node.incoming()).map((payment) => payment.amountMsat)),
    upstreamPaidMsat: sum(sent.map((payment) => payment.amountMsat)),
    feesMsat: sum(sent.map((payment) => payment.feesMsat)),
  }
}

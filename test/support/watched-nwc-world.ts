/** Does an NWC wallet keep quiet? A world for each test, and after it: nothing printed, nothing unhandled, no secret in the log. */
import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import type { NwcBehaviour } from '../../src/dev/nwc-behaviour.js'
import { createNwcWorld, type NwcWorld, type NwcWorldOptions } from './nwc-world.js'

export const SOON = { timeout: 10_000, interval: 5 }
/** A preimage, or a payment hash, of something else. */
export const FOREIGN = 'ab'.repeat(32)

/** The wallet service changes these fields of what it answers. */
export const told = (fields: object): NwcBehaviour => ({ tell: (result) => ({ ...result, ...fields }) })

/** To be called within `describe`; each test creates or starts the world once. */
export function watchNwcWorld() {
  let world: NwcWorld | undefined
  const printed: unknown[][] = []
  const unhandled: unknown[] = []
  const noteUnhandled = (reason: unknown) => void unhandled.push(reason)

  beforeEach(() => {
    printed.length = 0
    unhandled.length = 0
    process.on('unhandledRejection', noteUnhandled)
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation((...values: unknown[]) => void printed.push(values))
    }
    for (const stream of [process.stdout, process.stderr]) {
      vi.spyOn(stream, 'write').mockImplementation((chunk) => printed.push([chunk]) > 0)
    }
  })
  afterEach(async () => {
    await world?.stop()
    vi.restoreAllMocks()
    process.off('unhandledRejection', noteUnhandled)
    expect(printed).toEqual([])
    expect(unhandled).toEqual([])
    const uri = new URL(world?.service.uri ?? '')
    const logged = JSON.stringify(world?.log.lines)
    for (const secret of [uri.searchParams.get('secret') ?? '', uri.protocol]) expect(logged).not.toContain(secret)
  })

  const theWorld = (): NwcWorld => {
    if (!world) throw new Error('the world was not created')
    return world
  }
  const create = async (options: NwcWorldOptions = {}): Promise<void> => {
    world = await createNwcWorld(options)
  }
  const invoiceOf = (node = theWorld().node, amountMsat = 21_000) =>
    node.makeInvoice({ amountMsat: amountMsat as Msat, description: 'a job', expirySeconds: 600 })
  return {
    get world() {
      return theWorld()
    },
    create,
    async start(options: NwcWorldOptions = {}): Promise<void> {
      await create(options)
      await theWorld().wallet.start()
    },
    invoiceOf,
    async settledInvoice() {
      const invoice = await invoiceOf()
      theWorld().node.settle(invoice.paymentHash)
      return invoice
    },
  }
}

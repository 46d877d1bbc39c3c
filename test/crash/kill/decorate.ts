/** Which points does a paid job pass? Decorators around the ports; the product knows nothing of them. */
import type { Adapters } from '../../../src/wiring/adapters.js'
import { tagValue, type EventTemplate } from '../../../src/core/event.js'
import { PROBE_KIND } from '../../../src/nostr/kinds/probe.js'
import type { JobStore, RelayPool, Signer, UpstreamClient, UpstreamRequest, Wallet } from '../../../src/ports.js'
import type { Trap } from './trap.js'

/** In place, because adapters hold each other: the wallet speaks through the relay pool, the relay pool saves its cursors. */
export function decorateAdapters(adapters: Adapters, trap: Trap): void {
  decorateStore(adapters.store, trap)
  decoratePool(adapters.relays, trap)
  decorateSigner(adapters.signer, trap)
  for (const client of adapters.clients.values()) decorateClient(client, trap)
  for (const wallet of adapters.wallets.values()) decorateWallet(wallet, trap)
}

function decorateStore(store: JobStore, trap: Trap): void {
  const plain = { ...store }
  Object.assign(store, {
    insert: (job) => trap.around(`store.insert:${job.state}`, () => plain.insert(job)),
    save: (job) => trap.around(`store.save:${job.state}`, () => plain.save(job)),
    note: (job) => trap.aroundSync(`store.note:${job.state}`, () => plain.note(job)),
    archive: (id) => trap.around('store.archive', () => plain.archive(id)),
    putCursor: (key, seconds) => trap.aroundSync('store.putCursor', () => plain.putCursor(key, seconds)),
    putCredit: (credit) => trap.aroundSync('store.putCredit', () => plain.putCredit(credit)),
    dropCredit: (customer, upstream) => trap.aroundSync('store.dropCredit', () => plain.dropCredit(customer, upstream)),
  } satisfies Partial<JobStore>)
}

const nameOf = (event: Pick<EventTemplate, 'kind' | 'tags'>): string => {
  const status = event.kind === 7000 ? tagValue(event, 'status') : undefined
  return status === undefined ? String(event.kind) : `${event.kind}/${status}`
}

function decoratePool(pool: RelayPool, trap: Trap): void {
  const plain = { ...pool }
  Object.assign(pool, {
    publish: (event, relay) => {
      const name = nameOf(typeof event === 'string' ? (JSON.parse(event) as EventTemplate) : event)
      return trap.around(`publish:${name}`, () => plain.publish(event, relay))
    },
    fetch: (relays, filter, timeoutMs) => trap.around('fetch', () => plain.fetch(relays, filter, timeoutMs)),
    subscribe: (request) =>
      plain.subscribe({
        ...request,
        onEvent: (event, relay) => trap.aroundSync(`hear:${event.kind}`, () => request.onEvent(event, relay)),
      }),
  } satisfies Partial<RelayPool>)
}

function decorateSigner(signer: Signer, trap: Trap): void {
  const plain = { ...signer }
  Object.assign(signer, {
    // The probe is signed by the clock and not by the job: whether a short job sees it is chance.
    sign: (template) =>
      template.kind === PROBE_KIND
        ? plain.sign(template)
        : trap.around(`sign:${nameOf(template)}`, () => plain.sign(template)),
    encrypt: (peer, plaintext, scheme) => trap.around('encrypt', () => plain.encrypt(peer, plaintext, scheme)),
    decrypt: (peer, payload, scheme) => trap.around('decrypt', () => plain.decrypt(peer, payload, scheme)),
  } satisfies Partial<Signer>)
}

function decorateClient(client: UpstreamClient, trap: Trap): void {
  const plain = { ...client }
  Object.assign(client, {
    send: (request, signal) => trap.around(`upstream.send:${purposeOf(request)}`, () => plain.send(request, signal)),
  } satisfies Partial<UpstreamClient>)
}

function purposeOf({ authorization, target, method }: UpstreamRequest): string {
  if (authorization !== undefined) return 'fetching'
  if (target.startsWith('/invoice-status/')) return 'status'
  if (target === '/create-invoice') return 'create-invoice'
  return method === 'HEAD' ? 'price' : 'quoting'
}

function decorateWallet(wallet: Wallet, trap: Trap): void {
  const plain = { ...wallet }
  Object.assign(wallet, {
    start: () => trap.around('wallet.start', () => plain.start()),
    lookupInvoice: (hash) => trap.around('wallet.lookupInvoice', () => plain.lookupInvoice(hash)),
    lookupPayment: (hash) => trap.around('wallet.lookupPayment', () => plain.lookupPayment(hash)),
    makeInvoice: (request) => trap.around('wallet.makeInvoice', () => plain.makeInvoice(request)),
    makeHoldInvoice: (request) => trap.around('wallet.makeHoldInvoice', () => plain.makeHoldInvoice(request)),
    settleHoldInvoice: (key, hash) => trap.around('wallet.settleHoldInvoice', () => plain.settleHoldInvoice(key, hash)),
    cancelHoldInvoice: (hash) => trap.around('wallet.cancelHoldInvoice', () => plain.cancelHoldInvoice(hash)),
    payInvoice: (bolt11, hash, limits) =>
      trap.around('wallet.payInvoice', async () => {
        const paid = plain.payInvoice(bolt11, hash, limits)
        // The request is on its way, and the payment may be.
        await new Promise((resolve) => setImmediate(resolve))
        trap.reach('wallet.payInvoice#during')
        return paid
      }),
    onAccepted: (listener) => plain.onAccepted((hash) => trap.aroundSync('wallet.accepted', () => listener(hash))),
    listIncoming: (request) => trap.around('wallet.listIncoming', () => plain.listIncoming(request)),
    onSettled: (listener, onGap) =>
      plain.onSettled((settled) => trap.aroundSync('wallet.settled', () => listener(settled)), onGap),
  } satisfies Partial<Wallet>)
}

/** Does `tollbridge request` bring home what it asked for, whoever pays and whoever answers? Over a real relay and NWC wallet. */
import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Pubkey } from '../../src/core/identifiers.js'
import { handoverPlaintext } from '../../src/nostr/kinds/credential-handover.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { createCustomerWorld, type CustomerWorld } from '../support/customer-world.js'

let world: CustomerWorld
beforeEach(async () => {
  world = await createCustomerWorld()
})
afterEach(async () => {
  await world.stop()
})

const jobsAt = () => [...world.relay.events()].filter(({ kind }) => kind === 5800)

describe('an honest provider', () => {
  it('is paid from the wallet, and its verified result is brought home', async () => {
    const run = world.paying({ query: 'topic=tolls', accept: 'text/plain' })
    const job = await world.provider.nextJob()
    const bolt11 = await world.serve(job)
    expect(await run.exit).toBe(0)
    const types = run.lines.map(({ type }) => type)
    expect(types).toEqual(['signed', 'published', 'offered', 'paying', 'paid', 'processing', 'result', 'ended'])
    expect(run.lines.at(-1)).toMatchObject({ content: 'a joke', httpStatus: 200, amountMsat: 21_000, exitCode: 0 })
    expect(run.told('paid')[0]?.['sinceStartMs']).toBeGreaterThan(0)
    expect(world.asked).toEqual([bolt11])
    expect(job.tags).toEqual([
      ['p', world.provider.pubkey],
      ['param', 'method', 'GET'],
      ['param', 'path', '/joke'],
      ['param', 'query', 'topic=tolls'],
      ['param', 'accept', 'text/plain'],
      ['relays', expect.stringContaining('ws://127.0.0.1')],
    ])
  })

  it('shows the invoice as text and QR code without --pay, and prints nothing but the body on stdout', async () => {
    const run = world.run({}, { json: false })
    const job = await world.provider.nextJob()
    const { bolt11, paymentHash } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    await expect.poll(() => run.said.join('\n')).toContain(bolt11)
    expect(run.said.join('\n')).toMatch(/[█▀▄]{20}/)
    world.payee.settle(paymentHash)
    await world.provider.deliver(job, 'a joke\n')
    expect(await run.exit).toBe(0)
    expect(Buffer.concat(run.body).toString()).toBe('a joke\n')
    expect(run.data).toEqual([])
    expect(world.asked).toEqual([])
  })

  it('writes bytes to --output as they were before base64', async () => {
    const output = join(world.directory, 'picture')
    const run = world.run({ output })
    const job = await world.provider.nextJob()
    const bytes = Buffer.from([0, 255, 27, 128, 10])
    await world.provider.deliver(job, bytes.toString('base64'), [['encoding', 'base64']])
    expect(await run.exit).toBe(0)
    expect(await readFile(output)).toEqual(bytes)
    expect(run.body).toEqual([])
  })

  it('is sent the preimage, sealed to it alone, where --proof promised it', async () => {
    const run = world.paying({ proof: true })
    const job = await world.provider.nextJob()
    expect(job.tags).toContainEqual(['param', 'settlement', 'proof'])
    const { bolt11, paymentHash } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    const proof = await world.provider.nextProof()
    const opened = await world.provider.signer.decrypt(proof.pubkey, proof.content)
    const { preimage, payment_hash } = JSON.parse(opened) as { preimage: string; payment_hash: string }
    expect(payment_hash).toBe(paymentHash)
    expect(createHash('sha256').update(Buffer.from(preimage, 'hex')).digest('hex')).toBe(paymentHash)
    expect(proof.tags).toEqual([
      ['e', job.id],
      ['p', world.provider.pubkey],
    ])
    expect(proof.content).not.toContain(preimage)
    await world.provider.deliver(job, 'a joke')
    expect(await run.exit).toBe(0)
  })

  it('is also reached where it reads, as its relay list says', async () => {
    const readRelay = await startRelay()
    const list = await world.provider.sign({ kind: 10_002, tags: [['r', readRelay.url, 'read']] })
    await world.provider.publish(list)
    const run = world.run()
    const job = await world.provider.nextJob()
    await expect.poll(() => [...readRelay.events()].map(({ id }) => id)).toEqual([job.id])
    await world.provider.deliver(job, 'a joke')
    expect(await run.exit).toBe(0)
    await readRelay.stop()
  })

  it('leaves no connection behind', async () => {
    const before = world.relay.counts.connections
    const run = world.paying()
    await world.serve(await world.provider.nextJob())
    expect(await run.exit).toBe(0)
    await expect.poll(() => world.relay.counts.connections).toBe(before)
  })

  it('learns no secret of ours, and neither do the log and the terminal', async () => {
    const run = world.paying({ proof: true })
    await world.serve(await world.provider.nextJob())
    expect(await run.exit).toBe(0)
    const key = (await readFile(join(world.stateDir, 'customer.key'), 'utf8')).trim()
    const [paid] = world.payer.payments()
    const told = JSON.stringify([run.lines, run.said, run.data, run.log.lines, [...world.relay.events()]])
    for (const secret of [key, world.service.uri, String(paid?.preimage)]) expect(told).not.toContain(secret)
  })
})

describe("other people's providers", () => {
  it('are understood: payment_required, free text in the status, a result without a request tag', async () => {
    const run = world.paying()
    const job = await world.provider.nextJob()
    const { bolt11 } = await world.invoice(5_000)
    await world.provider.say(job, [['status', 'processing', 'thinking\u001b[2J about it']])
    await world.provider.offer(job, 5_000, bolt11, 'payment_required')
    await run.until('paid')
    await world.provider.deliver(job, 'an answer')
    expect(await run.exit).toBe(0)
    expect(run.told('processing')[0]).toMatchObject({ message: 'thinking [2J about it' })
  })

  it('may ask for money without an invoice: said, and waited for, but not paid by us', async () => {
    const run = world.run()
    const job = await world.provider.nextJob()
    await world.provider.offer(job, 5_000)
    expect(await run.until('offered')).toMatchObject({ amountMsat: 5_000, bolt11: null })
    await world.provider.deliver(job, 'an answer')
    expect(await run.exit).toBe(0)
    const paying = world.paying({ path: '/again' })
    await expect.poll(() => jobsAt().length).toBe(2)
    await world.provider.offer(jobsAt()[1]!, 5_000)
    expect(await paying.exit).toBe(4)
    expect(paying.lines.at(-1)).toMatchObject({ code: 'no-invoice' })
  })

  it('may seal their result to us', async () => {
    const run = world.run()
    const job = await world.provider.nextJob()
    await world.provider.deliver(job, await world.provider.signer.encrypt(job.pubkey, 'for you'), [['encrypted']])
    expect(await run.exit).toBe(0)
    expect(run.lines.at(-1)).toMatchObject({ content: 'for you' })
  })
})

describe('a provider that refuses', () => {
  it('ends the request with its code and its sentence', async () => {
    const run = world.paying()
    const job = await world.provider.nextJob()
    await world.provider.say(job, [['status', 'error', 'path-not-allowed', 'This path is not offered.']])
    expect(await run.exit).toBe(3)
    expect(run.lines.at(-1)).toMatchObject({ code: 'path-not-allowed', message: 'This path is not offered.' })
    expect(world.asked).toEqual([])
  })

  it('may give free text instead of a code', async () => {
    const run = world.run()
    await world.provider.say(await world.provider.nextJob(), [['status', 'error', 'Sorry, no jokes today']])
    expect(await run.exit).toBe(3)
    expect(run.lines.at(-1)).toMatchObject({ code: null, message: 'Sorry, no jokes today' })
  })

  it('after the payment: the credential is kept in a 0600 file, and printed only on demand', async () => {
    const run = world.paying()
    const job = await world.provider.nextJob()
    const { bolt11, paymentHash } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    await run.until('paid')
    const preimage = String(world.payer.payments()[0]?.preimage)
    const handover = handoverPlaintext({
      jobId: job.id,
      url: null,
      method: 'GET',
      target: '/joke',
      scheme: 'L402',
      token: 'abcdef',
      key: { kind: 'preimage', value: preimage as never },
      paymentHash,
    })
    const sealed = await world.provider.signer.encrypt(job.pubkey, handover)
    await world.provider.say(job, [['status', 'error', 'upstream-failed', 'It failed.'], ['encrypted']], sealed)
    expect(await run.exit).toBe(3)
    const file = String(run.lines.at(-1)?.['credentialFile'])
    expect(await readFile(file, 'utf8')).toBe(`${handover}\n`)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(JSON.stringify([run.lines, run.said, run.data])).not.toContain(preimage)
    expect(run.said.join('\n')).toContain(file)
    const shown = world.run({ job: job.id, showCredential: true }, { json: false })
    expect(await shown.exit).toBe(3)
    expect(shown.data).toEqual([handover])
  })
})

describe('nobody', () => {
  it('who answers costs no more than the time given', async () => {
    const run = world.paying({ timeout: '1' })
    expect(await run.exit).toBe(7)
    expect(run.lines.at(-1)).toMatchObject({ waitingFor: 'offer' })
    expect(run.said.at(-1)).toContain(`--job ${String(run.lines[0]?.['jobId'])}`)
  })

  it('who takes the job is said, and the job is kept', async () => {
    const run = world.run({ relay: ['ws://127.0.0.1:9'], timeout: '1' })
    expect(await run.exit).toBe(7)
    expect(run.lines.at(-1)).toMatchObject({ waitingFor: 'relay' })
    expect(await readdir(world.stateDir)).toContain(`${String(run.lines[0]?.['jobId'])}.job.json`)
  })

  it('need wait for a relay that is down while another one is up', async () => {
    const run = world.paying({ relay: ['ws://127.0.0.1:9', world.relay.url] })
    await world.serve(await world.provider.nextJob())
    expect(await run.exit).toBe(0)
  })

  it('at a relay that refuses for good ends the request at once', async () => {
    world.relay.refuse(() => ({ ok: false, reason: 'blocked: not here' }))
    const run = world.run()
    expect(await run.exit).toBe(7)
    expect(run.told('unpublished')[0]).toMatchObject({ reason: 'blocked: not here', final: true })
  })
})

describe('a job that is taken up again', () => {
  it('brings the same result without publishing or paying anew', async () => {
    const first = world.paying()
    const job = await world.provider.nextJob()
    await world.serve(job)
    expect(await first.exit).toBe(0)
    const second = world.paying({ job: job.id })
    expect(await second.exit).toBe(0)
    expect(second.lines[0]).toMatchObject({ type: 'resumed', payment: 'paid' })
    expect(second.lines.at(-1)).toMatchObject({ content: 'a joke' })
    expect(world.asked).toHaveLength(1)
    expect(jobsAt()).toHaveLength(1)
  })

  it('sends the payment proof with --proof, although the first run had not promised it', async () => {
    const first = world.paying()
    const job = await world.provider.nextJob()
    const { bolt11 } = await world.invoice(21_000)
    await world.provider.offer(job, 21_000, bolt11)
    await first.until('paid')
    first.stop()
    expect(await first.exit).toBe(130)
    const second = world.run({ job: job.id, proof: true })
    expect((await world.provider.nextProof()).pubkey).toBe(job.pubkey)
    await world.provider.deliver(job, 'a joke')
    expect(await second.exit).toBe(0)
    expect(world.asked).toHaveLength(1)
  })

  it('pays the invoice that was shown, and no other one', async () => {
    const first = world.run()
    const job = await world.provider.nextJob()
    const [shown, other] = [await world.invoice(21_000), await world.invoice(20_000)]
    await world.provider.offer(job, 21_000, shown.bolt11)
    await first.until('offered')
    await world.provider.offer(job, 20_000, other.bolt11)
    expect(await first.until('ignored')).toMatchObject({ code: 'second-invoice' })
    first.stop()
    await first.exit
    const second = world.paying({ job: job.id })
    await second.until('paid')
    await world.provider.deliver(job, 'a joke')
    expect(await second.exit).toBe(0)
    expect(world.asked).toEqual([shown.bolt11])
  })

  it('is refused for another key, another provider, or an unknown id', async () => {
    const first = world.run()
    const job = await world.provider.nextJob()
    first.stop()
    await first.exit
    const other = 'a'.repeat(64) as Pubkey
    const usage = { code: 'usage' }
    await expect(world.run({ job: job.id, provider: other }).exit).rejects.toMatchObject(usage)
    await expect(world.run({ job: 'b'.repeat(64) }).exit).rejects.toMatchObject(usage)
  })
})

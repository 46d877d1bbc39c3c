/** A server that would fail the first large answer is found before it. */
import { afterEach, describe, expect, it } from 'vitest'
import { checkBlobs } from '../../../src/cli/check-blobs.js'
import { startBlossom, type BlossomOptions } from '../../../src/dev/blossom.js'
import { createKeySigner } from '../../../src/nostr/signer.js'

const signer = createKeySigner(Buffer.alloc(32, 7))
const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function findingsOf(options: BlossomOptions, withKey = true) {
  const server = await startBlossom(options)
  closers.push(() => server.stop())
  const settings = { servers: [server.url], copies: 2, maxBytes: 1_000_000, timeoutSeconds: 5 }
  const [finding] = await checkBlobs(settings, withKey ? signer : null)
  return { finding, server }
}

describe('check', () => {
  it('uploads a real encrypted blob, reads it back, and leaves nothing behind', async () => {
    const { finding, server } = await findingsOf({})
    expect(finding).toMatchObject({
      type: 'blobs',
      verdict: 'ok',
      says: expect.stringContaining('deletes it') as string,
    })
    expect(server.blobs.size).toBe(0)
    expect(server.requests.some((line) => line.startsWith('GET') && line.endsWith('200'))).toBe(true)
  })

  it.each([
    ['lies', { fault: 'otherBytes' }, 'other bytes'],
    ['is away', { fault: 'unavailable' }, '503'],
    ['takes no such size', { maxBytes: 1_000 }, '413'],
    ['takes no such type', { types: ['text/html'] }, '415'],
  ] as const)('says what is wrong with a server that %s', async (_, options, words) => {
    const { finding } = await findingsOf(options)
    expect([finding?.verdict, finding?.says]).toEqual(['failed', expect.stringContaining(words)])
  })

  it('says that nothing was probed without the key', async () => {
    expect((await findingsOf({}, false)).finding?.verdict).toBe('skipped')
  })
})

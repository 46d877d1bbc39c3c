/** Do the blob servers keep what they are given? Each is tried with a real encrypted blob, read back, and deleted again. */
import { randomBytes } from 'node:crypto'
import { authorizationOf, buildBlobAuthorization } from '../blossom/authorization.js'
import { encryptBlob } from '../blossom/encryption.js'
import { deleteAt, keepAt } from '../blossom/server.js'
import type { BlobsConfig } from '../config/config.js'
import { isMalformed } from '../core/identifiers.js'
import type { Signer, WebClient } from '../ports.js'
import { createWebClient } from '../web/client.js'
import type { Finding } from './finding.js'

const PROBE_BYTES = 100_000

export async function checkBlobs({ servers, timeoutSeconds }: BlobsConfig, signer: Signer | null): Promise<Finding[]> {
  const web = createWebClient({ allowedOrigins: new Set(servers) })
  const timeoutMs = timeoutSeconds * 1000
  try {
    return await Promise.all(servers.map((server) => checkServer(web, server, signer, timeoutMs)))
  } finally {
    await web.stop()
  }
}

async function checkServer(web: WebClient, server: string, signer: Signer | null, timeoutMs: number): Promise<Finding> {
  const finding = (verdict: Finding['verdict'], says: string): Finding => ({
    type: 'blobs',
    name: server,
    verdict,
    says,
  })
  if (signer === null) return finding('skipped', 'Not probed: nothing can be uploaded without the key.')
  const { blob, pointer } = encryptBlob(randomBytes(PROBE_BYTES), randomBytes)
  const now = Math.floor(Date.now() / 1000)
  const authorize = async (verb: 'upload' | 'delete') =>
    authorizationOf(await signer.sign(buildBlobAuthorization({ verb, x: pointer.x, servers: [server], now })))
  const kept = await keepAt(
    web,
    server,
    { bytes: blob, x: pointer.x, authorization: await authorize('upload') },
    timeoutMs,
  )
  if (isMalformed(kept)) return finding('failed', `It does not keep an encrypted blob: ${kept.malformed}.`)
  const deleted = await deleteAt(web, server, { x: pointer.x, authorization: await authorize('delete') }, timeoutMs)
  return finding(
    'ok',
    deleted
      ? 'It keeps an encrypted blob, gives it back, and deletes it.'
      : 'It keeps an encrypted blob and gives it back; it did not delete it.',
  )
}

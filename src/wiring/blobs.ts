/** Where does the daemon keep what no event holds? At the operator's Blossom servers, if any are named. */
import { randomBytes } from 'node:crypto'
import type { Adapters } from './adapters.js'
import { createBlobStore } from '../blossom/blob-store.js'
import type { BlobsConfig } from '../config/config.js'
import type { BlobStore } from '../ports.js'

/** Nothing where no server is named: spread into the context of the steps. */
export function openBlobs(
  { servers, copies, maxBytes, timeoutSeconds }: BlobsConfig,
  { web, signer, clock, log }: Pick<Adapters, 'web' | 'signer' | 'clock' | 'log'>,
): { readonly blobs?: BlobStore } {
  if (servers.length === 0) return {}
  const timeoutMs = timeoutSeconds * 1000
  return {
    blobs: createBlobStore({ web, signer, clock, log, servers, copies, maxBytes, timeoutMs, random: randomBytes }),
  }
}

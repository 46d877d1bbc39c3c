/** What does the relay say of itself over HTTP? (NIP-11) */
import type { ServerResponse } from 'node:http'
import { MAX_SUBSCRIPTION_ID } from './session.js'

export const SUPPORTED_NIPS: readonly number[] = [1, 9, 11, 40, 42, 45, 70]

export interface RelayLimits {
  readonly maxMessageBytes: number
  readonly auth: boolean
}

export function sendInformation(response: ServerResponse, { maxMessageBytes, auth }: RelayLimits): void {
  response.writeHead(200, {
    'content-type': 'application/nostr+json',
    'access-control-allow-origin': '*',
    'access-control-allow-headers': '*',
    'access-control-allow-methods': 'GET, OPTIONS',
  })
  const limitation = {
    max_message_length: maxMessageBytes,
    max_subid_length: MAX_SUBSCRIPTION_ID,
    auth_required: auth,
  }
  response.end(JSON.stringify({ name: 'Tollbridge embedded relay', supported_nips: SUPPORTED_NIPS, limitation }))
}

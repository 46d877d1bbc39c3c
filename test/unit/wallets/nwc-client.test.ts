/** Is the SDK still the one that the client was written for? */
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { NWCClient } from '@getalby/sdk/nwc'
import { expect, it } from 'vitest'

const SDK_ENTRY = createRequire(import.meta.url).resolve('@getalby/sdk/nwc')

it('contains the SDK in the version that it was written for', () => {
  const file = join(dirname(SDK_ENTRY), '..', '..', 'package.json')
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string }
  expect(version, 'nwc-client.ts replaces parts of the SDK: read both again').toBe('7.0.0')
})

it('finds in the SDK what it replaces and calls', () => {
  const members = Object.getOwnPropertyNames(NWCClient.prototype)
  for (const member of [
    'executeNip47Request',
    'getWalletServiceInfo',
    'encryptionType',
    'encrypt',
    'decrypt',
    'signEvent',
  ]) {
    expect(members).toContain(member)
  }
})

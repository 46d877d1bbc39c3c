/** Is the probe what PROTOCOL.md says, and does its own filter find it? */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Event as ToolEvent } from 'nostr-tools/core'
import { matchFilter, type Filter as ToolFilter } from 'nostr-tools/filter'
import { isEphemeralKind } from 'nostr-tools/kinds'
import { expect, it } from 'vitest'
import type { NostrEvent } from '../../../../src/core/event.js'
import type { Pubkey } from '../../../../src/core/identifiers.js'
import { buildProbe, PROBE_KIND, probeFilter } from '../../../../src/nostr/kinds/probe.js'
import { shapeEvent } from '../../../support/pool-fixture.js'

const US = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' as Pubkey

it('is built as the page shows it', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../../../PROTOCOL.md'), 'utf8')
  const [, shown = ''] = /```json example=probe\n([\s\S]*?)```/.exec(page) ?? []
  expect(JSON.parse(shown)).toEqual(buildProbe(US, 1_790_000_000))
})

it('is of a kind that relays do not store, and matches its own filter and nobody else its', () => {
  expect(isEphemeralKind(PROBE_KIND)).toBe(true)
  const filter = probeFilter(US) as ToolFilter
  const matches = (event: NostrEvent) => matchFilter(filter, event as unknown as ToolEvent)
  expect(matches({ ...shapeEvent(buildProbe(US, 1)), pubkey: US })).toBe(true)
  expect(matches(shapeEvent(buildProbe(US, 1)))).toBe(false)
})

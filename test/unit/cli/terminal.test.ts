/** Can a stranger's words do anything to the terminal that shows them? */
import { expect, it } from 'vitest'
import { bodyFor, forTerminal, jsonForTerminal } from '../../../src/cli/terminal.js'

const HOSTILE = 'down (\u001b]0;pwned\u0007\u001b[2J\u009b31m\u202egnp.exe\r)'

it('shows what a terminal would obey by its code, and leaves lines, tabs and letters as they are', () => {
  expect(forTerminal(HOSTILE)).toBe('down (\\u001b]0;pwned\\u0007\\u001b[2J\\u009b31m\\u202egnp.exe\\u000d)')
  expect(forTerminal('eins\n\tzwei — drei ⚡ █▀')).toBe('eins\n\tzwei — drei ⚡ █▀')
})

it('writes JSON that says the same and holds nothing to obey', () => {
  const line = jsonForTerminal({ reason: HOSTILE })
  expect(JSON.parse(line)).toEqual({ reason: HOSTILE })
  expect(forTerminal(line)).toBe(line)
})

it('gives a body byte for byte to a pipe, and harmless to a terminal', () => {
  const body = Buffer.from(`${HOSTILE}\r\n\u0000`)
  expect(bodyFor({}, body)).toBe(body)
  expect(bodyFor({ isTTY: true }, body)).toBe(`${forTerminal(HOSTILE)}\n\\u0000`)
})

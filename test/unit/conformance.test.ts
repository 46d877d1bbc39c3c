import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What test/README.md promises to be shown somewhere must be there under that name. */
const TEST = resolve(import.meta.dirname, '..')

const rows = readFileSync(join(TEST, 'README.md'), 'utf8')
  .split('\n')
  .map((line) => /^\|[^|]*\|[^|]*\| `([^`]+)` \| (.+) \|$/.exec(line))
  .flatMap((match) => (match ? [{ file: match[1] ?? '', name: match[2] ?? '' }] : []))

describe('the conformance table', () => {
  it('is long', () => {
    expect(rows.length).toBeGreaterThan(50)
  })

  it.each(rows)('$file shows "$name"', ({ file, name }) => {
    expect(existsSync(join(TEST, file))).toBe(true)
    expect(readFileSync(join(TEST, file), 'utf8')).toContain(name)
  })
})

import { describe, expect, it } from 'vitest'
import { parseDocument } from '../../../src/config/document.js'

/** The texts at which parsers are known to spend time, stack or memory; as long as is accepted, and longer. */
const hostile = (size: number): Record<string, string> => ({
  brackets: '['.repeat(size),
  braces: '{a: '.repeat(size / 4),
  dashes: '- '.repeat(size / 2),
  questions: '? '.repeat(size / 2),
  'flow questions': '[? '.repeat(size / 3),
  colons: 'a: '.repeat(size / 3),
  'many keys': Array.from({ length: size / 8 }, (_, index) => `k${index}: 1`).join('\n'),
  'one key again and again': 'a: 1\n'.repeat(size / 5),
  commas: `[${','.repeat(size - 1)}`,
  'closing brackets': ']'.repeat(size),
  directives: '%\n'.repeat(size / 2),
  documents: '---\n'.repeat(size / 4),
  'an alias bomb': Array.from({ length: 20 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(i ? 9 : 0)}1]`).join(
    '\n',
  ),
  anchors: '&a '.repeat(size / 3),
  quotes: '"\\'.repeat(size / 2),
  tabs: '\t'.repeat(size),
  'stairs of blanks': Array.from({ length: 400 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
})

describe('hostile text', () => {
  for (const size of [131_072, 1_048_576]) {
    it.each(Object.entries(hostile(size)))(`of ${size} characters is refused or read fast: %s`, (_name, text) => {
      const started = process.cpuUsage()
      const result = parseDocument(text)
      expect(process.cpuUsage(started).user / 1000).toBeLessThan(5000) // CPU time: a busy machine does not count
      if ('problems' in result) {
        expect(result.problems.length).toBeGreaterThan(0)
        for (const { sentence } of result.problems.slice(0, 100)) expect(sentence.length).toBeLessThan(300)
      }
    })
  }

  it('is refused for its length before anything else', () => {
    expect(parseDocument('#'.repeat(1_000_000))).toEqual({
      problems: [{ line: null, sentence: 'the file has 1000000 characters; a configuration has at most 131072' }],
    })
  })
})

describe('YAML that is no configuration', () => {
  it.each([
    ['a: 1\nb: *x', 2, /aliases/],
    ['a: 1\nb: 2\na: 3', 3, /a is set twice, first on line 1/],
    ['a: {b: 1, b: 2}', 1, /a\.b is set twice/],
    ['a: 1\n---\nb: 2', 2, /several YAML documents/],
    ['a: [1, 2', 1, /not valid YAML/],
    ['a: 1\n b: 2', 1, /not valid YAML/],
    ['a: !!js/function "x"', 1, /not valid YAML: Unresolved tag/],
    ['? [a]\n: b', 1, /not valid YAML/],
    ['a:\n\tb: 1', 2, /not valid YAML/],
  ])('%j is refused on its line', (text, line, sentence) => {
    const result = parseDocument(text)
    const [problem] = 'problems' in result ? result.problems : []
    expect(problem?.line).toBe(line)
    expect(problem?.sentence).toMatch(sentence)
  })
})

it('knows the line of every setting', () => {
  const result = parseDocument('# comment\na: 1\nb:\n  - x\n  - c: 2\n    d:\n')
  if ('problems' in result) throw new Error('refused')
  expect(result.value).toEqual({ a: 1, b: ['x', { c: 2, d: undefined }] })
  expect(['a', 'b', 'b[0]', 'b[1]', 'b[1].c', 'b[1].d'].map((path) => result.lines.get(path))).toEqual([
    2, 3, 4, 5, 5, 6,
  ])
})

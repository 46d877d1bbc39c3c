/** What does the YAML say, and on which line? Plain values only; hostile text is refused before it can cost time or stack. */
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, type CST, type Document } from 'yaml'
import { formatPath, type Path } from './json-schema.js'

/** A thousand routes fit. The parser takes at most about a second for the worst text of this size. */
const MOST_CHARACTERS = 131_072
/** Settings are nested 6 deep. Composing recurses, so depth must be known before it begins. */
const DEEPEST = 40

export interface DocumentProblem {
  readonly line: number | null
  /** A sentence without its full stop. */
  readonly sentence: string
}

export interface ConfigDocument {
  /** Maps are objects without prototype; a key without a value is present as undefined, which counts as not set. */
  readonly value: unknown
  /** Line of a setting, by its formatted path; 1-based. */
  readonly lines: ReadonlyMap<string, number>
}

export type DocumentResult = ConfigDocument | { readonly problems: readonly DocumentProblem[] }

/** Never throws. */
export function parseDocument(text: string): DocumentResult {
  const refuse = (sentence: string, line: number | null = null): DocumentResult => ({ problems: [{ line, sentence }] })
  if (text.length > MOST_CHARACTERS) {
    return refuse(`the file has ${text.length} characters; a configuration has at most ${MOST_CHARACTERS}`)
  }
  const counter = new LineCounter()
  counter.addNewLine(0)
  const lineOf = (offset: number): number => counter.linePos(offset).line
  const read = readTokens(text, counter)
  if ('tooDeepAt' in read) return refuse('values are nested too deeply here', lineOf(read.tooDeepAt))
  const composer = new Composer({ stringKeys: true, uniqueKeys: false })
  const [document, second] = [...composer.compose(read.tokens, true, text.length)]
  if (!document) return refuse('the file holds no YAML document')
  if (second) return refuse('the file holds several YAML documents; remove the lines ---', lineOf(second.range[0]))
  const faults = [...document.errors, ...document.warnings]
  if (faults.length > 0) {
    return {
      problems: faults.slice(0, 5).map(({ message, pos }) => ({
        line: lineOf(pos[0]),
        sentence: `this is not valid YAML: ${withoutQuote(message)}`,
      })),
    }
  }
  return readValues(document, lineOf)
}

type Tokens = { readonly tokens: readonly CST.Token[] } | { readonly tooDeepAt: number }

function readTokens(text: string, counter: LineCounter): Tokens {
  const parser = new Parser(counter.addNewLine)
  const tokens: CST.Token[] = []
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token)
    if (parser.stack.length > DEEPEST) return { tooDeepAt: parser.offset }
  }
  for (const token of parser.end()) tokens.push(token)
  return { tokens }
}

/** The parser quotes what it stumbled over, and that may be a secret. */
const withoutQuote = (message: string): string => message.replace(/: *["'`][^]*$/, '').trim()

function readValues(document: Document.Parsed | Document, lineOf: (offset: number) => number): DocumentResult {
  const lines = new Map<string, number>()
  const problems: DocumentProblem[] = []
  const value = read(document.contents, [], 1)
  return problems.length > 0 ? { problems } : { value: value ?? Object.create(null), lines }

  function read(node: unknown, path: Path, parentLine: number): unknown {
    const line = rangeStart(node) === undefined ? parentLine : lineOf(rangeStart(node) ?? 0)
    if (!lines.has(formatPath(path))) lines.set(formatPath(path), line)
    if (isScalar(node)) return node.value
    if (isSeq(node)) return node.items.map((item, index) => read(item, [...path, index], line))
    if (isMap(node)) return readMap(node.items, path, line)
    if (isAlias(node))
      problems.push({ line, sentence: 'anchors and aliases (& and *) are not supported: write it out' })
    return null
  }

  function readMap(items: readonly { key: unknown; value: unknown }[], path: Path, line: number): unknown {
    const map = Object.create(null) as Record<string, unknown>
    for (const pair of items) {
      const keyLine = lineOf(rangeStart(pair.key) ?? rangeStart(pair.value) ?? 0)
      const key = isScalar(pair.key) ? pair.key.value : undefined
      if (typeof key !== 'string' || key === '__proto__') {
        problems.push({ line: keyLine, sentence: 'the name of a setting must be plain text, and not __proto__' })
        continue
      }
      const place = [...path, key]
      const first = lines.get(formatPath(place))
      if (Object.hasOwn(map, key)) {
        problems.push({ line: keyLine, sentence: `${formatPath(place)} is set twice, first on line ${first ?? line}` })
        continue
      }
      lines.set(formatPath(place), keyLine)
      map[key] = read(pair.value, place, keyLine) ?? undefined
    }
    return map
  }
}

function rangeStart(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node)) return undefined
  return (node.range as readonly number[] | null | undefined)?.[0]
}

/** Which challenges does a WWW-Authenticate header hold? A tokenizer for RFC 9110 §11, lenient where servers in the wild are. */
import { malformed, type Malformed } from '../core/identifiers.js'

export interface AuthChallenge {
  /** As sent; compare without case. */
  readonly scheme: string
  /** The one value that some schemes have in place of parameters (RFC 9110 §11.2). */
  readonly token68: string | null
  /** Names in lower case, in the order sent; one name may stand there twice. */
  readonly params: readonly (readonly [name: string, value: string])[]
}

/** Above this no header is read: real ones have a few kilobytes. */
const MAX_CHARS = 65_536

const SEPARATORS = /[\s,]*/y
const BLANKS = /[ \t]*/y
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y
const TOKEN68_REST = /[A-Za-z0-9._~+/-]*=*/y
const BARE_VALUE = /[^\s,"]+/y
/** `name=value`: the start of a parameter and not the padding of a token68. */
const PARAM_START = /[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=[ \t]*[^\s=,]/y
/** The same, once the name has been read. */
const PARAM_REST = /[ \t]*=[ \t]*[^\s=,]/y
const EQUALS_AHEAD = /[ \t]*=/y
const GAP = /[ \t]+/y
const ANY = /[^]/y
const PLAIN = { '"': /[^"\\]*/y, "'": /[^'\\]*/y } as const

/** Reads several header lines, or several challenges joined in one. Linear in the length of the input. */
export function parseChallenges(headerLines: readonly string[]): readonly AuthChallenge[] | Malformed {
  const chars = headerLines.reduce((sum, line) => sum + line.length, 0)
  if (chars > MAX_CHARS) return malformed('the challenge header is too long')
  return headerLines.flatMap(parseLine)
}

interface Draft {
  readonly scheme: string
  token68: string | null
  readonly params: [string, string][]
}

function parseLine(line: string): AuthChallenge[] {
  const found: Draft[] = []
  const cursor = new Cursor(line)
  while (!cursor.done) {
    const separated = cursor.take(SEPARATORS)
    const word = cursor.take(TOKEN)
    if (word === '') {
      cursor.take(ANY) // belongs to nothing: step over it
      continue
    }
    const current = found.at(-1)
    const fresh = current !== undefined && current.token68 === null && current.params.length === 0
    // A lone value is allowed directly after the scheme only: `Negotiate YII==`, `L402 price-only`.
    const mayBeToken68 = fresh && !separated.includes(',')
    if (mayBeToken68 && !cursor.sees(PARAM_REST) && !cursor.sees(GAP, PARAM_START)) {
      current.token68 = word + cursor.take(TOKEN68_REST)
    } else if (cursor.sees(EQUALS_AHEAD)) {
      const value = readValue(cursor)
      current?.params.push([word.toLowerCase(), value])
    } else {
      found.push({ scheme: word, token68: null, params: [] })
    }
  }
  return found
}

function readValue(cursor: Cursor): string {
  cursor.take(BLANKS)
  cursor.take(ANY) // the equals sign
  const blanks = cursor.take(BLANKS)
  const quote = cursor.peek()
  if (quote === '"' || quote === "'") return cursor.takeQuoted(quote)
  // `invoice= macaroon="…"`: an empty value, and not the name of the next parameter.
  if (blanks !== '' && cursor.sees(PARAM_START)) return ''
  return cursor.take(BARE_VALUE)
}

class Cursor {
  readonly #text: string
  #at = 0
  constructor(text: string) {
    this.#text = text
  }
  get done(): boolean {
    return this.#at >= this.#text.length
  }
  peek(): string {
    return this.#text.charAt(this.#at)
  }
  take(sticky: RegExp): string {
    sticky.lastIndex = this.#at
    const taken = sticky.exec(this.#text)?.[0] ?? ''
    this.#at += taken.length
    return taken
  }
  /** Whether the text goes on like this, one pattern after the other. */
  sees(...stickies: RegExp[]): boolean {
    let at = this.#at
    return stickies.every((sticky) => {
      sticky.lastIndex = at
      const seen = sticky.exec(this.#text)
      at += seen?.[0].length ?? 0
      return seen !== null
    })
  }
  /** Up to the closing quote, or to the end where there is none; a backslash takes the next character as it is. */
  takeQuoted(quote: '"' | "'"): string {
    this.#at += 1
    let value = ''
    while (!this.done) {
      value += this.take(PLAIN[quote])
      const sign = this.take(ANY)
      if (sign !== '\\') return value
      value += this.done ? sign : this.take(ANY)
    }
    return value
  }
}

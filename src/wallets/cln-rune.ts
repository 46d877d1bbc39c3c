/** Which methods does a rune allow? Read from the rune itself: every restriction in it must hold (Core Lightning, createrune). */
import { malformed, type Malformed } from '../core/identifiers.js'

export interface Rune {
  /** False where a restriction forbids the method whatever its parameters are; what cannot be told from here counts as allowed. */
  allows(method: string): boolean
}

interface Alternative {
  readonly field: string
  readonly condition: string
  readonly value: string
}

/** base64url of a 32-byte code and the restrictions in plain text. */
const SHAPE = /^[A-Za-z0-9_-]{43,8000}={0,2}$/
const CODE_BYTES = 32
/** A field, one condition, and what it is compared with. */
const ALTERNATIVE = /^([\p{L}\p{N}_ ]*)([!=/^$~<>{}#])(.*)$/su

/** Says nothing of what it read. */
export function parseRune(text: string): Rune | Malformed {
  const wrong = malformed('must hold a rune: the base64 text that createrune prints')
  if (!SHAPE.test(text)) return wrong
  const written = Buffer.from(text, 'base64url').subarray(CODE_BYTES)
  const plain = written.toString('utf8')
  if (plain.includes('\uFFFD')) return wrong
  const restrictions: Alternative[][] = []
  for (const restriction of plain === '' ? [] : split(plain, '&')) {
    const alternatives = split(restriction, '|').map(parseAlternative)
    if (!alternatives.every((alternative) => alternative !== null)) return wrong
    restrictions.push(alternatives)
  }
  return { allows: (method) => restrictions.every((one) => one.some((alternative) => mayHold(alternative, method))) }
}

/** At each mark that is not escaped by a backslash. */
function split(text: string, mark: string): string[] {
  const parts = ['']
  for (let i = 0; i < text.length; i++) {
    const escaped = text[i] === '\\' && i + 1 < text.length
    if (!escaped && text[i] === mark) parts.push('')
    else parts[parts.length - 1] += escaped ? `${text[i] ?? ''}${text[++i] ?? ''}` : (text[i] ?? '')
  }
  return parts
}

function parseAlternative(text: string): Alternative | null {
  const [, field, condition, value] = ALTERNATIVE.exec(text) ?? []
  if (field === undefined || condition === undefined || value === undefined) return null
  return { field, condition, value: value.replace(/\\(.)/gsu, '$1') }
}

function mayHold({ field, condition, value }: Alternative, method: string): boolean {
  // Parameters, rates, times and callers are not known before a call.
  if (field !== 'method') return true
  switch (condition) {
    case '=':
      return method === value
    case '/':
      return method !== value
    case '^':
      return method.startsWith(value)
    case '$':
      return method.endsWith(value)
    case '~':
      return method.includes(value)
    case '{':
      return method < value
    case '}':
      return method > value
    case '#':
      return true
    default:
      // `!` wants no method at all, and `<` and `>` compare numbers.
      return false
  }
}

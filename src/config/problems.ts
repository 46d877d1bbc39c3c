/** What is wrong, in words? Turns what the schema found into sentences that name the setting, the fault and the way out. */
import type { z } from 'zod'
import { formatPath, groupsWith, namesAt, type Path } from './json-schema.js'
import { nearestName } from './nearest.js'

type Issue = z.core.$ZodIssue

export interface Problem {
  readonly path: Path
  /** Continues a sentence that begins with the path; without its full stop. */
  readonly message: string
}

/** Sentences beyond this number would not be read. */
export const MOST_PROBLEMS = 100

/** `present`: whether something is written at that place. */
export function explainIssues(issues: readonly Issue[], under: Path, present: (path: Path) => boolean): Problem[] {
  return issues.slice(0, MOST_PROBLEMS + 1).flatMap((issue) => explainIssue(issue, under, present))
}

function explainIssue(issue: Issue, under: Path, present: (path: Path) => boolean): Problem[] {
  const path: Path = [...under, ...issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step))]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys
      .slice(0, MOST_PROBLEMS)
      .map((key) => ({ path: [...path, key], message: unknownSetting(path, key) }))
  }
  if (!present(path)) return [{ path, message: 'is missing' }]
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }))
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    // The branch of the right type knows what is wrong; the others only that it is not theirs.
    const branch = issue.errors.find((errors) => errors.every((error) => error.path.length > 0 || !isTypeFault(error)))
    return explainIssues(branch ?? [], path, present)
  }
  return [{ path, message: messageOf(issue) }]
}

const isTypeFault = ({ code }: Issue): boolean => code === 'invalid_type' || code === 'invalid_value'

export function unknownSetting(path: Path, key: string): string {
  const known = namesAt(path)
  const near = nearestName(key, known)
  if (near !== undefined) return `is not a setting: did you mean ${near}?`
  const elsewhere = groupsWith(key).filter((group) => group !== formatPath(path))
  if (elsewhere.length > 0) return `is not a setting here: it belongs ${elsewhere.map(placeOf).join(' or ')}`
  return known.length > 0 ? `is not a setting: known here are ${known.join(', ')}` : 'is not a setting'
}

const placeOf = (group: string): string => (group === '' ? 'at the top level' : `under ${group}`)

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text (put it in quotes if it looks like a number)',
  boolean: 'true or false',
  array: 'a list, such as [a, b]',
  object: 'a group of settings (name: value)',
  record: 'a group of settings (name: value)',
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.startsWith('must ')
        ? issue.message
        : `must be ${TYPE_WORDS[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values
        .map(String)
        .join(', ')
        .replace(/, (?=[^,]*$)/, ' or ')}`
    case 'too_small':
      if (issue.message.startsWith('must ')) return issue.message
      return issue.origin === 'string' ? 'must not be empty' : `must have at least ${issue.minimum} entry`
    case 'too_big':
      if (issue.message.startsWith('must ')) return issue.message
      return `must have at most ${issue.maximum} ${issue.origin === 'string' ? 'characters' : 'entries'}`
    default:
      return issue.message
  }
}

/** What must not be printed even where it was written in the wrong place: keys, wallet URIs and whatever looks like one. */
const SECRETS = /nsec1[a-z0-9]+|nostr\+?walletconnect:\S*|secret=[^\s&]*|(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi

const LONGEST_SENTENCE = 600

/** One sentence, safe to print: nothing secret, no control characters, no longer than a reader reads. */
export function printable(sentence: string): string {
  const safe = sentence.replace(SECRETS, '(hidden)').replace(/[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]/g, '?')
  return safe.length > LONGEST_SENTENCE ? `${safe.slice(0, LONGEST_SENTENCE)}…` : safe
}

/** What does a first configuration look like? Every setting, commented in the words of the schema. */
import { stringify } from 'yaml'
import { buildJsonSchema, type SettingSchema } from './json-schema.js'

const WIDTH = 100

const HEADER = [
  'The configuration of Tollbridge. Paths are relative to this file; each duration has its unit in its name.',
  'A line like "#logLevel: info" shows a default or an example: remove the # to set it. Lines that begin',
  'with # and a blank explain. A setting without a value counts as not set.',
]

/** What a first configuration sets that is not the default. */
const SET_AT_FIRST = /^( *)#(lookup: )/

export interface FirstSettings {
  /** Whose key that is. */
  readonly npub?: string
  /** Settings of the API, in place of the example's. */
  readonly upstream?: Filled
}

/** Settings that are set, by their names. */
type Filled = Readonly<Record<string, unknown>>

/** The text of a configuration file that loads as it is, once the key file stands beside it. */
export function buildExample({ npub, upstream }: FirstSettings = {}): string {
  const filled = upstream === undefined ? {} : { upstreams: [upstream] }
  const lines = writeGroup(buildJsonSchema(), 0, filled).map((text) => {
    if (npub === undefined) return text
    return text.startsWith('key:') ? `# Its public key is ${npub}\n${text}` : text.replace(SET_AT_FIRST, '$1$2')
  })
  return [...HEADER.map((text) => `# ${text}`), ...lines, ''].join('\n')
}

function writeGroup(group: SettingSchema, indent: number, filled: Filled = {}): string[] {
  return Object.entries(group.properties ?? {}).flatMap(([name, setting]) => [
    ...(indent === 0 ? [''] : []),
    ...writeComment(setting.description ?? '', indent),
    ...writeSetting(name, setting, { indent, required: group.required?.includes(name) ?? false, value: filled[name] }),
  ])
}

interface Placed {
  readonly indent: number
  readonly required: boolean
  /** What it is set to; undefined for what the schema shows of it. */
  readonly value: unknown
}

function writeSetting(name: string, setting: SettingSchema, { indent, required, value }: Placed): string[] {
  const heading = `${' '.repeat(indent)}${name}:`
  if (setting.properties) return [heading, ...writeGroup(setting, indent + 2)]
  if (setting.items?.properties) {
    const [first, ...others] = Array.isArray(value) ? (value as Filled[]) : []
    const explained = markItem(writeGroup(setting.items, indent + 4, first), indent + 2)
    return [heading, ...explained, ...others.flatMap((item) => markItem(writeBare(item, indent + 4), indent + 2))]
  }
  if (setting.additionalProperties) return [heading, ...writeEntry(setting, indent + 2)]
  if (value !== undefined) return [`${' '.repeat(indent)}${name}: ${writeValue(value)}`]
  const shown = writeValue(setting.initial ?? setting.default ?? setting.examples?.[0])
  return [`${' '.repeat(indent)}${required ? '' : '#'}${name}: ${shown}`]
}

/** The further items of a list: what is set, without the comments that stand at the first. */
const writeBare = (item: Filled, indent: number): string[] =>
  Object.entries(item).map(([name, value]) => `${' '.repeat(indent)}${name}: ${writeValue(value)}`)

/** One example of what a name of the operator's choice stands for, on one line. */
function writeEntry({ additionalProperties, examples }: SettingSchema, indent: number): string[] {
  const properties = Object.entries((additionalProperties || {}).properties ?? {})
  const value = Object.fromEntries(properties.map(([name, setting]) => [name, setting.examples?.[0]]))
  return [
    ...properties.flatMap(([name, setting]) => writeComment(`${name}: ${setting.description ?? ''}`, indent)),
    `${' '.repeat(indent)}#${String(examples?.[0])}: ${writeValue(value)}`,
  ]
}

/** Turns the first setting of a list's item into the one with the dash; what explains it moves out with it. */
function markItem(lines: readonly string[], indent: number): string[] {
  const first = lines.findIndex((text) => !text.trimStart().startsWith('#'))
  return lines.map((text, index) => {
    if (index > first) return text
    return `${' '.repeat(indent)}${index === first ? '- ' : ''}${text.trimStart()}`
  })
}

function writeComment(sentence: string, indent: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of sentence.split(' ')) {
    if (current !== '' && indent + 3 + current.length + word.length > WIDTH) {
      lines.push(current)
      current = ''
    }
    current += current === '' ? word : ` ${word}`
  }
  return [...lines, current].map((text) => `${' '.repeat(indent)}# ${text}`)
}

/** On one line, whatever it is. */
export function writeValue(value: unknown): string {
  const collectionStyle = typeof value === 'object' ? 'flow' : 'any'
  const written = stringify(value, { collectionStyle, singleQuote: true, lineWidth: 0 }).trim()
  return written.replace(/^\[ (.*) \]$/, '[$1]')
}

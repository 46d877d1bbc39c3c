/** How do the settings look as data? The JSON Schema that editors, the example, the reference and error sentences are made from. */
import { z } from 'zod'
import { settingsSchema } from './schema.js'

/** The part of JSON Schema (draft 2020-12) that our settings use. */
export interface SettingSchema {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  /** What a first configuration says, where that is not the default. */
  readonly initial?: unknown
  readonly properties?: Readonly<Record<string, SettingSchema>>
  readonly required?: readonly string[]
  readonly items?: SettingSchema
  readonly additionalProperties?: SettingSchema | false
  readonly anyOf?: readonly SettingSchema[]
  readonly enum?: readonly string[]
  readonly const?: string
  readonly minimum?: number
  readonly maximum?: number
}

/** Where a setting stands: names of settings, and positions in lists. */
export type Path = readonly (string | number)[]

export const formatPath = (path: Path): string =>
  path.map((step, index) => (typeof step === 'number' ? `[${step}]` : index === 0 ? step : `.${step}`)).join('')

/** As an operator writes the file: what has a default may be left out. */
export function buildJsonSchema(): SettingSchema {
  const { $schema, ...schema } = z.toJSONSchema(settingsSchema, { io: 'input' })
  return { $schema, title: 'Tollbridge configuration', ...schema } as SettingSchema
}

/** The same for editors, which must not complain where all settings of a group are commented out. */
export const buildEditorSchema = (): unknown => acceptEmptyGroups(buildJsonSchema())

function acceptEmptyGroups(schema: SettingSchema): unknown {
  const { properties, items, required = [] } = schema
  const children = Object.entries(properties ?? {}).map(([name, child]) => {
    const accepted = acceptEmptyGroups(child) as object
    const optionalGroup = child.type === 'object' && !required.includes(name)
    return [name, optionalGroup ? { ...accepted, type: ['object', 'null'] } : accepted]
  })
  return {
    ...schema,
    ...(properties && { properties: Object.fromEntries(children) as unknown }),
    ...(items && { items: acceptEmptyGroups(items) }),
  }
}

let built: SettingSchema | undefined

const rootSchema = (): SettingSchema => (built ??= buildJsonSchema())

/** Every form that a value at that place may take: one, or the branches of a choice; none where the place is unknown. */
function schemasAt(path: Path): readonly SettingSchema[] {
  let found: readonly SettingSchema[] = [rootSchema()]
  for (const step of path) {
    found = found.flatMap((schema) => {
      if (typeof step === 'number') return schema.items ?? []
      if (schema.properties && Object.hasOwn(schema.properties, step)) return schema.properties[step] ?? []
      return schema.additionalProperties || []
    })
    found = found.flatMap((schema) => schema.anyOf ?? schema)
  }
  return found
}

/** The names of the settings that may stand at that place. */
export const namesAt = (path: Path): string[] => [
  ...new Set(schemasAt(path).flatMap((schema) => Object.keys(schema.properties ?? {}))),
]

/** The groups that have a setting of that name, as `jobs` or `upstreams[].routes[]`; `` for the top level. */
export function groupsWith(name: string, schema: SettingSchema = rootSchema(), at = ''): string[] {
  const properties = schema.properties ?? {}
  return [
    ...(Object.hasOwn(properties, name) ? [at] : []),
    ...Object.entries(properties).flatMap(([key, child]) => groupsWith(name, child, at === '' ? key : `${at}.${key}`)),
    ...(schema.items ? groupsWith(name, schema.items, `${at}[]`) : []),
    ...(schema.additionalProperties ? groupsWith(name, schema.additionalProperties, `${at}.NAME`) : []),
    ...(schema.anyOf ?? []).flatMap((branch) => groupsWith(name, branch, at)),
  ]
}

/** What does each setting do? The reference for operators, as Markdown, from the schema. */
import { writeValue } from './example.js'
import { buildJsonSchema, type SettingSchema } from './json-schema.js'

const INTRODUCTION = `# Configuration

\`tollbridge init DIR\` writes \`tollbridge.yaml\` and \`tollbridge.key\`; fill in the relays, the upstream and its routes, then run
\`tollbridge check -c DIR/tollbridge.yaml\`. \`tollbridge config -c FILE\` prints the settings in effect, without secrets.

| file | what it is |
|---|---|
| [tollbridge.example.yaml](tollbridge.example.yaml) | every setting, commented, as \`init\` writes it |
| [schema.json](schema.json) | the JSON Schema, for editors: begin your file with \`# yaml-language-server: $schema=PATH/schema.json\` |
| [deploy/](deploy/) | a systemd unit and a Docker Compose file |

This page, the example and the schema are generated from \`src/config/schema.ts\` by \`npm run generate\`.

## Rules

- The file is YAML 1.2 in UTF-8, one document, at most 131,072 characters, without anchors and aliases.
- Everything is checked at start-up, and all that is wrong is told at once, each with its line. An unknown setting is an error.
- A setting without a value counts as not set.
- Paths are relative to the configuration file.
- **Secrets** never stand in the file. \`{ file: PATH }\` names a file that holds nothing but the secret and that nobody else may
  read (\`chmod 600\`); \`{ env: NAME }\` names an environment variable.
- The key is the identity of the service *and* opens the tokens and preimages in the state directory: keep a copy of it.
`

/** The whole of config/README.md. */
export function buildReference(): string {
  const root = buildJsonSchema()
  const sections = [writeSection('Top level', '', root)]
  for (const { title, group, description } of groupsOf(root, '')) sections.push(writeSection(title, description, group))
  return [INTRODUCTION, '## Settings', '', ...sections].join('\n')
}

interface Group {
  readonly title: string
  readonly description: string
  readonly group: SettingSchema
}

/** A group of settings that is no value by itself, and under which title it stands. */
function groupIn(name: string, setting: SettingSchema): Group | null {
  const description = setting.description ?? ''
  if (setting.properties) return { title: name, description, group: setting }
  if (setting.items?.properties) return { title: `${name}[]`, description, group: setting.items }
  if (setting.additionalProperties) return { title: `${name}.NAME`, description, group: setting.additionalProperties }
  return null
}

function groupsOf(parent: SettingSchema, prefix: string): Group[] {
  return Object.entries(parent.properties ?? {}).flatMap(([name, setting]) => {
    const found = groupIn(prefix + name, setting)
    return found ? [found, ...groupsOf(found.group, `${found.title}.`)] : []
  })
}

function writeSection(title: string, description: string, group: SettingSchema): string {
  const rows = Object.entries(group.properties ?? {}).flatMap(([name, setting]) => {
    if (groupIn(name, setting)) return []
    const fallback = group.required?.includes(name) ? '**required**' : writeDefault(setting)
    return [`| \`${name}\` | ${writeType(setting)} | ${fallback} | ${setting.description ?? ''} |`]
  })
  const heading = title === 'Top level' ? `### ${title}` : `### \`${title}\``
  const table = ['| setting | type | default | meaning |', '|---|---|---|---|', ...rows]
  return [heading, '', ...(description === '' ? [] : [description, '']), ...table, ''].join('\n')
}

const writeDefault = (setting: SettingSchema): string =>
  setting.default === undefined ? 'unset' : `\`${writeValue(setting.default)}\``

function writeType(setting: SettingSchema): string {
  if (setting.anyOf) return setting.anyOf.map(writeType).join(' or ')
  if (setting.enum) return setting.enum.map((value) => `\`${value}\``).join(', ')
  if (setting.const !== undefined) return `\`${setting.const}\``
  if (setting.items) return `list of: ${writeType(setting.items)}`
  if (setting.properties) return `\`{ ${Object.keys(setting.properties).join(', ')} }\``
  if (setting.type === 'integer') return `whole number, ${setting.minimum} to ${setting.maximum}`
  return setting.type === 'boolean' ? 'true or false' : 'text'
}

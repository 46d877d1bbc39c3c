/** Which committed files are made from the schema? Run by `npm run generate`; a test fails where they differ. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildExample } from './example.js'
import { buildEditorSchema } from './json-schema.js'
import { buildReference } from './reference.js'

/** Path from the root of the repository → content. */
export const generatedFiles = (): Readonly<Record<string, string>> => ({
  'config/tollbridge.example.yaml': buildExample(),
  'config/schema.json': `${JSON.stringify(buildEditorSchema(), null, 2)}\n`,
  'config/README.md': buildReference(),
})

const isMain = process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href

if (isMain) {
  for (const [path, content] of Object.entries(generatedFiles())) writeFileSync(join(process.cwd(), path), content)
}

/** How does a child process run our sources? As JavaScript, transpiled once into a folder that goes away again. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import ts from 'typescript'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Compiled {
  /** Where `src/…` is found as `.js`. */
  readonly directory: string
  remove(): Promise<void>
}

/** Transpiles these files and folders of the repository; no types are checked. */
export async function compileSources(paths: readonly string[]): Promise<Compiled> {
  // Inside node_modules, so that packages resolve from there.
  const cache = join(ROOT, 'node_modules/.cache')
  await mkdir(cache, { recursive: true })
  const directory = await mkdtemp(join(cache, 'tollbridge-test-'))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  for (const path of paths) for (const file of await sourcesIn(path)) await compile(file, directory)
  return { directory, remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }) }
}

async function sourcesIn(path: string): Promise<string[]> {
  if (path.endsWith('.ts')) return [path]
  const names = await readdir(join(ROOT, path))
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(path, name))
}

async function compile(file: string, directory: string): Promise<void> {
  const source = await readFile(join(ROOT, file), 'utf8')
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
  })
  const target = join(directory, file.replace(/\.ts$/, '.js'))
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, outputText)
}

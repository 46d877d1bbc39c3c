/** Runs the interop suite: builds LND and btcd where Go is installed, runs the claims, and says what they ran against. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const HERE = import.meta.dirname
const ROOT = resolve(HERE, '../..')
const PROGRAMS = [
  { name: 'btcd', module: 'github.com/btcsuite/btcd', tags: '' },
  {
    name: 'lnd',
    module: 'github.com/lightningnetwork/lnd/cmd/lnd',
    tags: 'invoicesrpc routerrpc signrpc walletrpc chainrpc',
  },
]

function skip(why) {
  console.log(`interop: skipped, ${why}`)
  process.exit(0)
}

/** Built once for each set of versions. */
function build() {
  const versions = createHash('sha256')
  for (const file of ['go.mod', 'go.sum']) versions.update(readFileSync(join(HERE, file)))
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache')
  const directory = join(cache, 'tollbridge-interop', versions.digest('hex').slice(0, 16))
  mkdirSync(directory, { recursive: true })
  for (const { name, module, tags } of PROGRAMS) {
    const program = join(directory, name)
    if (existsSync(program)) continue
    console.log(`interop: builds ${name}, which takes minutes the first time`)
    const args = ['build', '-trimpath', '-tags', tags, '-o', program, module]
    const { status } = spawnSync('go', args, {
      cwd: HERE,
      stdio: 'inherit',
      env: { ...process.env, GOFLAGS: '-mod=mod' },
    })
    if (status !== 0) skip(`${name} could not be built`)
  }
  return directory
}

const versionOf = (program) =>
  /version v?([0-9][0-9A-Za-z.-]*)/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout)?.[1] ?? '?'

if (spawnSync('go', ['version']).status !== 0) skip('Go is not installed here')
const programs = build()
const scratch = mkdtempSync(join(tmpdir(), 'tollbridge-interop-report-'))
const report = join(scratch, 'report.json')
const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--config', join(HERE, 'vitest.config.ts'), '--root', ROOT, ...reporters, ...process.argv.slice(2)],
  { stdio: 'inherit', env: { ...process.env, TOLLBRIDGE_INTEROP: programs } },
)
const counts = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
rmSync(scratch, { recursive: true })
const { numPassedTests: passed = 0, numPendingTests: skipped = 0, numFailedTests = 0 } = counts
// What could not begin has no tests that could fail.
const failed = Math.max(numFailedTests, status === 0 ? 0 : 1)
const against = `lnd ${versionOf(join(programs, 'lnd'))}, btcd ${versionOf(join(programs, 'btcd'))}`
console.log(`ran against: ${against} · ${passed} passed, ${failed} failed, ${skipped} skipped`)
process.exit(status === 0 && passed > 0 ? 0 : 1)

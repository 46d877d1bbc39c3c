/** Does a paid job survive a crash? A fixed sample of `npm run test:crash`: some seeds of the model, some kills of the daemon. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compileSources, type Compiled } from '../support/compiled.js'
import { hireLine, hireRowNamed, runHireMatrix, type HireKill } from './hire/hire-matrix.js'
import { lastLine, purchaseLine, rowNamed, runMatrix, type Kill } from './kill/matrix.js'
import { runModel } from './model/model.js'
import { huntMutant, MUTANTS } from './model/mutants.js'

const SEEDS = 300
const MUTANT_SEEDS = 1_500

describe('the model', () => {
  it(`keeps every promise in ${SEEDS} seeds`, async () => {
    const { violations, crashes } = await runModel(1, SEEDS)
    expect(violations).toEqual([])
    expect(crashes).toBeGreaterThan(SEEDS)
  }, 60_000)

  it.each(Object.keys(MUTANTS))(
    'notices that %s',
    async (mutant) => {
      expect(await huntMutant(mutant, MUTANT_SEEDS)).toMatchObject({ caughtBy: expect.any(Number) as number })
    },
    60_000,
  )
})

const kill = (row: string, name: string): Kill => ({ row: rowNamed(row), point: { name, occurrence: 1 } })

const KILLS = [
  kill('wallet reusable GET', 'store.save:fetching#after'),
  kill('wallet reusable GET', 'upstream.send:fetching#after'),
  kill('status reusable GET', 'publish:6800#before'),
  kill('proof reusable GET', 'publish:7000/payment-required#after'),
  kill('status exact GET', 'upstream.send:fetching#after'),
  kill('wallet single GET', 'store.save:publishing#before'),
  kill('proof single POST', 'upstream.send:fetching#before'),
  kill('status reusable POST', 'store.save:publishing#after'),
]

const PURCHASE_KILLS = [
  kill('wrap on-preimage GET', 'store.save:paying#after'),
  kill('wrap on-preimage GET', 'wallet.payInvoice#during'),
  kill('wrap on-preimage GET', 'wallet.payInvoice#after'),
  kill('wrap on-preimage GET', 'wallet.settleHoldInvoice#before'),
  kill('wrap on-preimage GET refused', 'wallet.cancelHoldInvoice#before'),
  kill('wrap on-result GET', 'wallet.settleHoldInvoice#after'),
  kill('resell GET', 'wallet.payInvoice#after'),
  kill('resell GET refused', 'store.save:refunding#after'),
]

const hireKill = (side: HireKill['side'], name: string): HireKill => ({
  row: hireRowNamed('hire GET'),
  side,
  point: { name, occurrence: 1 },
})

const HIRE_KILLS = [
  hireKill('hirer', 'journal.saveHire#after'),
  hireKill('hirer', 'wallet.payInvoice#after'),
  hireKill('hirer', 'budget.settle#before'),
  hireKill('hirer', 'journal.saveResult#before'),
  hireKill('provider', 'store.insert:quoting#after'),
]

describe('the daemon', () => {
  let compiled: Compiled
  beforeAll(async () => {
    const folders = await readdir('src', { recursive: true, withFileTypes: true })
    const sources = folders.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name))
    compiled = await compileSources(['src', ...sources, 'handlers', 'test/crash', 'test/crash/kill', 'test/crash/hire'])
  }, 60_000)
  afterAll(() => compiled.remove())

  it('delivers once, or hands the credential over, after each of some kills', async () => {
    const said: string[] = []
    const entry = join(compiled.directory, 'test/crash/daemon-entry.js')
    const outcome = await runMatrix({ entry, kills: KILLS, lanes: 4, say: (line) => said.push(line) })
    const clean = { points: 8, hit: 8, kills: 8, lost: 0, doubleCharges: 0, secondResults: 0 }
    expect(lastLine(outcome), said.join('\n')).toBe(lastLine(clean))
  }, 120_000)

  it('pays once, and keeps or gives back what is held, after each of some kills', async () => {
    const said: string[] = []
    const entry = join(compiled.directory, 'test/crash/daemon-entry.js')
    const outcome = await runMatrix({ entry, kills: PURCHASE_KILLS, lanes: 4, say: (line) => said.push(line) })
    const none = { lost: 0, doubleCharges: 0, secondResults: 0, doublePayments: 0, unsettledHolds: 0, falseFailures: 0 }
    expect(purchaseLine(outcome), said.join('\n')).toBe(purchaseLine({ points: 8, hit: 8, kills: 8, ...none }))
  }, 120_000)

  it('as provider, and its hirer, lose and repeat nothing after each of some kills', async () => {
    const said: string[] = []
    const entries = {
      provider: join(compiled.directory, 'test/crash/daemon-entry.js'),
      hirer: join(compiled.directory, 'test/crash/hirer-entry.js'),
    }
    const outcome = await runHireMatrix({ entries, kills: HIRE_KILLS, lanes: 2, say: (line) => said.push(line) })
    const clean = { points: 5, hit: 5, kills: 5, lost: 0, doublePayments: 0, budgetOverruns: 0, runTwice: 0 }
    expect(hireLine(outcome), said.join('\n')).toBe(hireLine(clean))
  }, 180_000)
})

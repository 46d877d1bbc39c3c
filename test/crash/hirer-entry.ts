/** How is a hirer killed at a chosen place? The real hirer over real adapters, each wrapped by decorators that may end the process. */
import { readFile } from 'node:fs/promises'
import { parseHirerTask, runTask } from './hire/hirer-task.js'
import { createTrap } from './kill/trap.js'

const [taskFile = ''] = process.argv.slice(2)
const task = parseHirerTask(await readFile(taskFile, 'utf8'))
// Ends with the one that started it, wherever it is.
process.stdin.resume().once('end', () => process.exit(0))
await runTask(task, createTrap(process.env))
process.stdin.destroy()

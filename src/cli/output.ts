/** Where does a command write? Data on stdout, words on stderr; with `--json` the data is JSON, one object a line. */
import { forTerminal, jsonForTerminal } from './terminal.js'

export interface Output {
  readonly json: boolean
  /** Data for people and pipes; not written with `--json`. */
  data(text: string): void
  /** Data as one JSON line; only written with `--json`. */
  object(value: object): void
  /** Words that accompany the data. */
  say(text: string): void
}

export function createOutput(json: boolean): Output {
  return {
    json,
    data(text) {
      if (!json) process.stdout.write(`${forTerminal(text)}\n`)
    },
    object(value) {
      if (json) process.stdout.write(`${jsonForTerminal(value)}\n`)
    },
    say(text) {
      process.stderr.write(`${forTerminal(text)}\n`)
    },
  }
}

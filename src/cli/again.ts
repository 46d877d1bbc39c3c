/** With which command is a job or a hire of this run taken up again? With one that works as printed: told what this run was told. */

type Given = string | boolean | readonly string[] | undefined

/** What a request is taken up with; the call itself and its bid are saved with the job. */
const OF_REQUEST = ['pay', 'maxSats', 'walletFile', 'proof', 'keyFile', 'state', 'network', 'output', 'allowPrivate']
const OF_HIRE = ['relay', 'inbox', 'walletFile', 'budgetSats', 'budgetHours', 'keyFile', 'state', 'network', 'output']

/** `options` as commander hands them over. */
export const requestAgain = (jobId: string | null, options: object): string =>
  ['tollbridge request --job', jobId ?? 'ID', ...repeated(options, OF_REQUEST)].join(' ')

/** Null: all hires that are open. */
export const hireAgain = (hireId: string | null, options: object): string =>
  ['tollbridge hire', ...(hireId === null ? [] : ['--resume', hireId]), ...repeated(options, OF_HIRE)].join(' ')

function repeated(options: object, names: readonly string[]): string[] {
  const given = options as Readonly<Record<string, Given>>
  return names.flatMap((name) => {
    const value = given[name]
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    if (value === undefined || value === false) return []
    if (value === true) return [flag]
    return [value].flat().map((one) => `${flag} ${forShell(one)}`)
  })
}

/** As a POSIX shell reads it back. */
const forShell = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

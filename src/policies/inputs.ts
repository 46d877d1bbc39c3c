/** Which inputs are gathered, and which are refused right away? By what the job says alone; nothing is asked of anybody. */
import { rejection, type Rejection } from '../core/errors.js'
import { isPublicHost } from '../core/hosts.js'
import { isMalformed, parseEventId } from '../core/identifiers.js'
import type { JobInput } from '../core/job-input.js'
import type { JobRequest } from '../core/job-request.js'

export const GATHERED_TYPES = ['url', 'event', 'job'] as const
export type GatheredType = (typeof GATHERED_TYPES)[number]

export interface InputRules {
  readonly types: ReadonlySet<GatheredType>
  /** Inputs of one job that are gathered, at most. */
  readonly maxInputs: number
  /** Whether URLs may name private hosts. */
  readonly allowPrivate: boolean
}

export const MAX_URL_CHARS = 2_048

const isGatheredType = (type: string): type is GatheredType => GATHERED_TYPES.includes(type as GatheredType)

/** Whether anything is to be gathered for the job; a refusal where that could not end well. */
export function needsGathering(request: JobRequest, rules: InputRules): boolean | Rejection {
  let gathered = 0
  for (const input of request.inputs) {
    if (input.type === 'text') continue
    if (!isGatheredType(input.type) || !rules.types.has(input.type)) return rejection('input-unsupported')
    const flaw = flawOf(input, request, rules)
    if (flaw !== null) return rejection('input-invalid', flaw)
    gathered += 1
  }
  return gathered <= rules.maxInputs ? gathered > 0 : rejection('input-invalid', `${gathered} inputs to be gathered`)
}

function flawOf({ type, data }: JobInput, { id }: JobRequest, { allowPrivate }: InputRules): string | null {
  if (type !== 'url') {
    const named = parseEventId(data)
    if (isMalformed(named)) return named.malformed
    return named === id ? 'a job that waits for itself' : null
  }
  if (data.length > MAX_URL_CHARS || !URL.canParse(data)) return 'not a URL'
  const { protocol, username, password, hostname } = new URL(data)
  if (protocol !== 'http:' && protocol !== 'https:') return 'not an http(s) URL'
  if (username !== '' || password !== '') return 'a URL with a password'
  return allowPrivate || isPublicHost(hostname) ? null : 'the host is not public'
}

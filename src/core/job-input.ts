/** What is an input of a job, and what was found where it points? Kept once: what stands in the request body is not kept beside it. */
import type { UpstreamCall } from './job-parts.js'

/** What an input came to. */
export interface InputValue {
  readonly content: string
  /** `base64` where it is not valid UTF-8. */
  readonly encoding: 'text' | 'base64'
  readonly contentType: string | null
}

/** The `i` tag: `["i", data, type, relay, marker]` (NIP-90 §Job request). */
export interface JobInput {
  /** As sent: the text itself, a URL, or the id of an event or a job. */
  readonly data: string
  readonly type: string
  readonly relay: string | null
  readonly marker: string | null
  /** Of a text what was sent, of everything else what was gathered; null before it is. */
  readonly value: InputValue | null
}

/** A gathered value as a job keeps it: its content, or where that stands in the body of the call. */
export type KeptInput = Pick<InputValue, 'encoding' | 'contentType'> & {
  /** Position among the job's inputs. */
  readonly index: number
} & ({ readonly content: string } | { readonly at: number; readonly length: number; readonly asJson?: true })

/** Shorter ones are kept as they are. */
const WORTH_FINDING = 256

/** JSON of a text, without its quotes: how handlers put it into a JSON body. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

export function keepInputs(values: ReadonlyMap<number, InputValue>, body: string | null): KeptInput[] {
  return [...values].map(([index, { content, encoding, contentType }]) => {
    const facts = { index, encoding, contentType }
    if (body === null || content.length < WORTH_FINDING) return { ...facts, content }
    const plain = body.indexOf(content)
    if (plain >= 0) return { ...facts, at: plain, length: content.length }
    const escaped = inJson(content)
    const at = body.indexOf(escaped)
    return at < 0 ? { ...facts, content } : { ...facts, at, length: escaped.length, asJson: true }
  })
}

function contentOf(kept: KeptInput, body: string): string {
  if ('content' in kept) return kept.content
  const found = body.slice(kept.at, kept.at + kept.length)
  return kept.asJson ? (JSON.parse(`"${found}"`) as string) : found
}

/** The same request with its values in place. */
export const withValues = <R extends { readonly inputs: readonly JobInput[] }>(
  request: R,
  values: ReadonlyMap<number, InputValue>,
): R => ({
  ...request,
  inputs: request.inputs.map((input, index) => ({ ...input, value: values.get(index) ?? input.value })),
})

/** The request as its handler saw it when the call was made. Expects a job that still has its call. */
export function withKept<R extends { readonly inputs: readonly JobInput[] }>(
  request: R,
  { gathered, call }: { readonly gathered?: readonly KeptInput[]; readonly call: UpstreamCall },
): R {
  if (gathered === undefined) return request
  const values = gathered.map((kept): [number, InputValue] => {
    const { index, encoding, contentType } = kept
    return [index, { content: contentOf(kept, call.body ?? ''), encoding, contentType }]
  })
  return withValues(request, new Map(values))
}

/** Are gathered inputs kept once, and read back as they were? */
import { expect, it } from 'vitest'
import { keepInputs, withKept, type InputValue, type JobInput } from '../../../src/core/job-input.js'

const LONG = `"quoted"\n\\ and ü ${'x'.repeat(500)}`
const value = (content: string): InputValue => ({ content, encoding: 'text', contentType: null })
const input: JobInput = { data: 'https://example.com/', type: 'url', relay: null, marker: null, value: null }
const callWith = (body: string | null) => ({
  ...{ upstream: 'api', route: 'r', method: 'POST', target: '/', headers: {}, body },
})

it.each([
  ['is the body', LONG, LONG.length],
  ['stands in the body', `before ${LONG} after`, LONG.length],
  ['stands in a JSON body', JSON.stringify({ prompt: LONG }), LONG.length],
  ['does not stand in it', 'another body', 0],
  ['is there and there is no body', null, 0],
])('what %s is kept once, and is read back', (_, body, saved) => {
  const gathered = keepInputs(new Map([[0, value(LONG)]]), body)
  expect(JSON.stringify(gathered).length).toBeLessThan(saved > 0 ? 200 : JSON.stringify(LONG).length + 200)
  const { inputs } = withKept({ inputs: [input] }, { gathered, call: callWith(body) })
  expect(inputs[0]?.value).toEqual(value(LONG))
})

it('several inputs are read back, each in its place, short ones too', () => {
  const values = new Map([
    [2, value('short')],
    [0, { content: Buffer.alloc(400, 7).toString('base64'), encoding: 'base64', contentType: 'image/png' } as const],
  ])
  const body = values.get(0)?.content ?? ''
  const text = { ...input, type: 'text', value: value('as sent') }
  const { inputs } = withKept(
    { inputs: [input, text, input] },
    { gathered: keepInputs(values, body), call: callWith(body) },
  )
  expect(inputs.map((one) => one.value)).toEqual([values.get(0), value('as sent'), value('short')])
})

it('a job without gathered inputs is read as it is', () => {
  const request = { inputs: [input] }
  expect(withKept(request, { call: callWith(null) })).toBe(request)
})

/** What does a task of another agent become? */
import { expect, it } from 'vitest'
import { isRejection } from '../../../src/core/errors.js'
import type { Upstream } from '../../../src/core/route.js'
import { assignTask } from '../../../src/engine/tasks.js'

const route = { name: 'ask', pattern: '/ask', methods: new Set(['POST']), matches: (path: string) => path === '/ask' }
const upstreams = [{ name: 'api', routes: [route] } as unknown as Upstream]
const think = { task: 'think', method: 'POST', path: '/ask', body: '{"q":{{prompt}}}', contentType: 'application/json' }

it('that is spelled out takes nothing of its parameters but the prompt, and what was promised of the payment', () => {
  const params = { prompt: 'a "b"', settlement: 'proof', path: '/elsewhere', 'x-other': 'y' }
  const assigned = assignTask({ upstreams, tasks: [think] }, { task: 'think', params })
  if (isRejection(assigned)) throw new Error(assigned.rejected)
  expect(assigned.params).toEqual({
    ...{ method: 'POST', path: '/ask', body: '{"q":"a \\"b\\""}', 'content-type': 'application/json' },
    settlement: 'proof',
  })
})

it('of a route need not say what the route leaves no choice of', () => {
  const assigned = assignTask({ upstreams, tasks: [] }, { task: 'ask', params: { body: 'x', settlement: 'proof' } })
  expect(assigned).toMatchObject({ params: { method: 'POST', path: '/ask', body: 'x', settlement: 'proof' } })
})

/** What does a relay say that nobody asked for? Rubbish, notices, challenges, answers to nothing, and jobs that are forged. */
import type { NostrEvent } from '../../src/core/event.js'
import type { Chance } from './chance.js'

const RUBBISH = [
  '',
  'null',
  '[]',
  '["EVENT"]',
  '["EVENT","t1"]',
  '["EVENT","t1",{}]',
  '["OK"]',
  '["OK","ff",true]',
  `["OK","${'f'.repeat(64)}",false,"blocked: no such event"]`,
  '["EOSE","t999"]',
  '["CLOSED","t999","error: "]',
  '["NOTICE","the end is near"]',
  '["NOTICE",{"not":"a text"}]',
  '{"an":"object"}',
  '[["EVENT"]]',
  '["AUTH","a challenge out of the blue"]',
  '["AUTH",7]',
  '["COUNT","t1",{"count":1}]',
]

/** One frame. */
export function noise(chance: Chance, stored: Iterable<NostrEvent>): string {
  if (chance.of(60)) return chance.oneOf(RUBBISH)
  const [model] = stored
  if (!model) return chance.oneOf(RUBBISH)
  const id = Array.from({ length: 64 }, () => chance.between(0, 15).toString(16)).join('')
  const forged = { ...model, id, content: 'forged' }
  return JSON.stringify(['EVENT', `t${chance.between(1, 40)}`, forged])
}

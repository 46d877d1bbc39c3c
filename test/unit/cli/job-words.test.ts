/** What does `tollbridge jobs show` tell people of a job? */
import { describe, expect, it } from 'vitest'
import { wordsOfJob } from '../../../src/cli/job-words.js'
import { CLOSED_STATES, isPaid, OPEN_STATES, type Job } from '../../../src/core/job.js'
import { jobIn } from '../../support/sample-jobs.js'

describe('a job is told', () => {
  it.each([...OPEN_STATES, ...CLOSED_STATES])('%s: a line for each fact that is known, and no JSON', (state) => {
    const job = jobIn(state)
    const words = wordsOfJob(job)
    expect(words.split('\n')[0]).toBe(`job         ${job.id}  ${state}`)
    expect(words).toContain('npub1')
    expect(words).not.toMatch(/[{}]|undefined|null|\[object/)
    expect(words.includes('\npaid ')).toBe(isPaid(job))
  })

  it('without its secrets', () => {
    for (const state of [...OPEN_STATES, ...CLOSED_STATES]) {
      const job = jobIn(state)
      const words = wordsOfJob(job)
      if ('challenge' in job) expect(words).not.toContain(job.challenge.token)
      if (!('secrets' in job) || !job.secrets) continue
      expect(words).not.toContain(job.secrets.token)
      if ('key' in job.secrets) expect(words).not.toContain(job.secrets.key.value)
    }
  })

  it('with what can be done where it is paid and not served', () => {
    const owed = { ...jobIn('failed'), failure: { code: 'upstream-failed', detail: 'gone', httpStatus: 502 } } as Job
    expect(wordsOfJob(owed)).toContain('failure     upstream-failed (HTTP 502): gone')
    expect(wordsOfJob(owed)).toContain(`tollbridge jobs retry ${owed.id}`)
    expect(wordsOfJob(jobIn('awaiting'))).not.toContain('next')
  })

  it('with the way it came and what each relay said of each answer', () => {
    const answered = {
      ...jobIn('completed'),
      channel: { type: 'encrypted', scheme: 'nip04', tags: [['param', 'path', '/secret']] },
      outbox: [
        {
          eventId: 'cd'.repeat(32),
          purpose: 'result',
          event: '{"content":"the answer"}',
          notAfter: null,
          relays: { 'wss://a.example/': 'accepted', 'wss://b.example/': 'refused: \u001b[2Jblocked' },
          counted: [],
        },
      ],
    } as unknown as Job
    const words = wordsOfJob(answered)
    expect(words).toContain('encrypted (nip04)')
    expect(words).toContain(`result      event ${'cd'.repeat(32)}\n            wss://a.example/  accepted`)
    expect(words).toContain('wss://b.example/  refused:  [2Jblocked')
    expect(words).toContain(`tollbridge jobs redeliver ${answered.id}`)
    expect(words).not.toContain('the answer')
  })
})

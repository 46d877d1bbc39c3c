import { expect, it } from 'vitest'
import { createOneAtATime } from '../../../src/core/one-at-a-time.js'

it('nothing begins before what was asked for earlier has ended', async () => {
  const alone = createOneAtATime()
  const happened: string[] = []
  let release = (): void => undefined
  const held = alone(async () => {
    happened.push('first begins')
    await new Promise<void>((resolve) => (release = resolve))
    happened.push('first ends')
    return 1
  })
  const next = alone(async () => happened.push('second begins'))
  await new Promise((resolve) => setImmediate(resolve))
  expect(happened).toEqual(['first begins'])
  release()
  expect(await held).toBe(1)
  await next
  expect(happened).toEqual(['first begins', 'first ends', 'second begins'])
})

it('what fails is told to its caller, and the next one has its turn', async () => {
  const alone = createOneAtATime()
  const failing = alone(() => Promise.reject(new Error('no')))
  const next = alone(async () => 'done')
  await expect(failing).rejects.toThrow('no')
  expect(await next).toBe('done')
})

/** What outlives a crash? Time, chance, the disk, and everybody else; the daemon's lives come and go in it. */
import type { Millis } from '../../../src/core/identifiers.js'
import { createAgenda, type Agenda } from './agenda.js'
import { createChance, type Chance, type Plan } from './plan.js'

export const STARTS_AT: Millis = 1_800_000_000_000

export interface World {
  readonly plan: Plan
  readonly chance: Chance
  readonly agenda: Agenda
  /** What happened, for whoever runs one seed alone; null where nobody reads it. */
  readonly trace: ((line: string) => void) | null
  crashes: number
  /** Crashes that are still to come at most. */
  crashesLeft: number
}

export function createWorld(plan: Plan, trace: World['trace']): World {
  const agenda = createAgenda(STARTS_AT)
  const timed =
    trace && ((line: string) => trace(`${((agenda.now() - STARTS_AT) / 1000).toFixed(3).padStart(10)} ${line}`))
  return {
    plan,
    chance: createChance(plan.seed ^ 0x5eed),
    agenda,
    trace: timed,
    crashes: 0,
    crashesLeft: plan.firstInPeace ? 0 : plan.crashes,
  }
}

/** One process of the daemon. When it is dead its ports do nothing and answer nobody: whatever it held in memory is gone. */
export interface Life {
  readonly run: string
  readonly world: World
  readonly isDead: () => boolean
  /** A place where the process may die. True when it did: the port then never answers. */
  dies(point: string): boolean
  /** Calls back when the process dies: what was on its way to the disk may still arrive. */
  onDeath(listener: () => void): void
}

export function createLife(world: World, number: number): Life {
  const listeners: (() => void)[] = []
  let dead = false
  return {
    run: `run-${number}`,
    world,
    isDead: () => dead,
    dies(point) {
      if (dead) return true
      if (world.crashesLeft === 0 || !world.chance.of(world.plan.crashPercent)) return false
      world.crashesLeft -= 1
      world.crashes += 1
      dead = true
      world.trace?.(`CRASH at ${point}`)
      for (const listener of listeners) listener()
      return true
    },
    onDeath(listener) {
      listeners.push(listener)
    },
  }
}

/** What a dead process gets from its ports. */
export const never = <T>(): Promise<T> => new Promise<T>(() => undefined)

/** Thrown by ports that answer at once, where the process dies in them; nobody is left who could act on it. */
export class Crash extends Error {
  constructor() {
    super('the process died')
    this.name = 'Crash'
  }
}

/** A port call that takes time, and in which the process may die: before it, while it is under way, and before it is answered. */
export async function callPort<T>(life: Life, name: string, effect: () => T): Promise<T> {
  const { world } = life
  if (life.dies(`${name} before`)) return never()
  const answer = new Promise<T>((resolve, reject) => {
    // What has left the process takes its effect whether or not the process still lives.
    world.agenda.after(world.chance.between(1, 80), () => {
      let outcome: () => void
      try {
        const value = effect()
        outcome = () => resolve(value)
      } catch (error) {
        outcome = () => reject(error instanceof Error ? error : new Error(String(error)))
      }
      world.agenda.after(world.chance.between(1, 80), () => {
        if (!life.dies(`${name} after`)) outcome()
      })
    })
  })
  if (life.dies(`${name} under way`)) return never()
  return answer
}

/** What does the daemon's socket see of a relay in bad weather? A WebSocket as `ws` makes them, over simulated time. */
import { EventEmitter } from 'node:events'
import { WebSocket } from 'ws'
import type { Agenda } from '../crash/model/agenda.js'
import type { Chance } from './chance.js'
import type { Weather } from './weather.js'

/** The relay's end of a line. */
export interface FarEnd {
  receive(frame: string): void
  close(): void
}

export interface LineWorld {
  readonly agenda: Agenda
  readonly chance: Chance
  readonly weather: () => Weather
  /** Called when the line has come about; `send` is how the relay speaks on it. */
  readonly welcome: (send: (frame: string) => void) => FarEnd
  readonly onClosed: (line: Line) => void
}

const CONNECT_MS: readonly [number, number] = [20, 400]

export class Line extends EventEmitter {
  readyState: number = WebSocket.CONNECTING
  readonly bufferedAmount = 0
  readonly #world: LineWorld
  #far: FarEnd | null = null

  constructor(world: LineWorld) {
    super()
    this.#world = world
    world.agenda.after(world.chance.between(...CONNECT_MS), () => this.#connect())
  }

  send(frame: string): void {
    this.#carry(() => this.#far?.receive(frame))
  }

  ping(): void {
    this.#carry(() => this.#carry(() => this.emit('pong')))
  }

  close(): void {
    if (this.readyState === WebSocket.CLOSED) return
    this.readyState = WebSocket.CLOSING
    // A relay that does not speak does not take leave either.
    this.#carry(() => this.#carry(() => this.cut(1_000)))
  }

  terminate(): void {
    this.cut(1_006)
  }

  /** The line is gone, whoever ended it. */
  cut(code = 1_006): void {
    if (this.readyState === WebSocket.CLOSED) return
    this.readyState = WebSocket.CLOSED
    this.#far?.close()
    this.#world.onClosed(this)
    this.#world.agenda.after(0, () => this.emit('close', code, Buffer.alloc(0)))
  }

  #connect(): void {
    if (this.readyState !== WebSocket.CONNECTING) return
    if (!this.#world.weather().reachable) {
      this.emit('error', new Error('connection refused'))
      return this.cut()
    }
    this.readyState = WebSocket.OPEN
    this.emit('open')
    this.#far = this.#world.welcome((frame) =>
      this.#carry(() => {
        if (this.readyState === WebSocket.OPEN) this.emit('message', Buffer.from(frame), false)
      }),
    )
  }

  /** One thing crosses the line: perhaps late, perhaps twice, perhaps never. */
  #carry(arrive: () => void): void {
    const { agenda, chance, weather } = this.#world
    const { speaks, lost, doubled, delay } = weather()
    if (!speaks || chance.of(lost)) return
    const cross = () =>
      agenda.after(chance.between(...delay), () => {
        if (this.readyState !== WebSocket.CLOSED && weather().speaks) arrive()
      })
    cross()
    if (chance.of(doubled)) cross()
  }
}

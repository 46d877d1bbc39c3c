/** Who moves the bytes between the LDK nodes? A loop that runs until both are quiet, in slices that leave the process responsive. */
import type { Event, SocketDescriptor } from 'lightningdevkit'
import type { LdkPackages } from './ldk-package.js'
import type { LdkPeer } from './ldk-peer.js'

export interface Pump {
  /** Joins two nodes by sockets in memory. */
  connect(from: LdkPeer, to: LdkPeer): void
  /** To be called after anything that gives a node work. Returns at once. */
  readonly run: () => void
  /** Resolves when no node has anything left to do. */
  quiet(): Promise<void>
  stop(): void
}

export type EventListener = (peer: LdkPeer, event: Event) => void

/** After this long a slice ends and other work of the process gets its turn. One step may take a few ms more. */
const SLICE_MS = 5
/** Rounds without an effect after which the nodes count as quiet. */
const IDLE_ROUNDS = 3

export function createPump({ ldk }: LdkPackages, onEvent: EventListener): Pump {
  const peers = new Set<LdkPeer>()
  const wire: { readonly to: LdkPeer; readonly socket: () => SocketDescriptor; readonly data: Uint8Array }[] = []
  const held: SocketDescriptor[] = []
  let waiting: (() => void)[] = []
  let scheduled: NodeJS.Immediate | null = null
  let sockets = 0n

  const createSocket = (to: LdkPeer, far: () => SocketDescriptor): SocketDescriptor => {
    const id = (sockets += 1n)
    const socket = ldk.SocketDescriptor.new_impl({
      send_data(data) {
        // Copied: the bytes are LDK's own memory and change after this call.
        if (data.length > 0) wire.push({ to, socket: far, data: Uint8Array.from(data) })
        return data.length
      },
      disconnect_socket: () => undefined,
      eq: (other) => other.hash() === id,
      hash: () => id,
    })
    held.push(socket)
    return socket
  }

  /** @returns whether anything happened. */
  const step = (): boolean => {
    let worked = false
    for (const peer of peers) {
      peer.peers.process_events()
      for (const event of peer.takeEvents()) {
        worked = true
        onEvent(peer, event)
      }
    }
    const sent = wire.shift()
    if (!sent) return worked
    sent.to.peers.read_event(sent.socket(), sent.data)
    return true
  }

  const slice = () => {
    scheduled = null
    const end = performance.now() + SLICE_MS
    let idle = 0
    while (idle < IDLE_ROUNDS) {
      idle = step() ? 0 : idle + 1
      if (performance.now() >= end && idle < IDLE_ROUNDS) return run()
    }
    const resolved = waiting
    waiting = []
    for (const resolve of resolved) resolve()
  }

  const run = () => {
    scheduled ??= setImmediate(slice)
  }

  return {
    connect(from, to) {
      peers.add(from).add(to)
      const outbound: SocketDescriptor = createSocket(to, () => inbound)
      const inbound: SocketDescriptor = createSocket(from, () => outbound)
      const noAddress = ldk.Option_SocketAddressZ.constructor_none()
      to.peers.new_inbound_connection(inbound, noAddress)
      const greeting = from.peers.new_outbound_connection(to.nodeId, outbound, noAddress)
      if (!(greeting instanceof ldk.Result_CVec_u8ZPeerHandleErrorZ_OK)) throw new Error('LDK refused the connection')
      wire.push({ to, socket: () => inbound, data: greeting.res })
      run()
    },
    run,
    quiet: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        run()
      }),
    stop() {
      if (scheduled) clearImmediate(scheduled)
      scheduled = null
      peers.clear()
      wire.length = 0
      for (const resolve of waiting.splice(0)) resolve()
    },
  }
}

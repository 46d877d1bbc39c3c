/** What stands between the wallet and its node, to be cut? A tunnel of bytes on loopback. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Tunnel {
  readonly port: number
  readonly connections: number
  /** Cuts every connection, and takes none until it is called with false. */
  cutOff(isCut: boolean): void
  stop(): Promise<void>
}

export async function startTunnel(to: number): Promise<Tunnel> {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return void near.destroy()
    const far = connect(to, '127.0.0.1')
    sockets.add(near)
    const end = (): void => {
      sockets.delete(near)
      near.destroy()
      far.destroy()
    }
    for (const socket of [near, far]) socket.on('error', end).on('close', end)
    near.pipe(far)
    far.pipe(near)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get connections() {
      return sockets.size
    },
    cutOff(cut) {
      isCut = cut
      if (cut) for (const socket of sockets) socket.destroy()
    },
    async stop() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A small real SOCKS5 proxy: notes which names it is asked for, and leads every one of them to a place on loopback. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Socks5ServerOptions {
  /** Port on loopback that every tunnel leads to. */
  readonly leadTo?: number
  /** Asked of the client where given. */
  readonly credentials?: { readonly user: string; readonly password: string }
  /** Sent in place of success. */
  readonly reply?: number
  /** `silent` accepts and never answers the request, as a proxy whose circuit is dead; `hangUp` closes at that point. */
  readonly circuit?: 'open' | 'silent' | 'hangUp'
}

export interface Socks5Server {
  readonly url: string
  /** `name:port` of each request as the client sent it, with its address type: 1 IPv4, 3 name, 4 IPv6. */
  readonly asked: { readonly host: string; readonly port: number; readonly type: number }[]
  readonly open: ReadonlySet<Socket>
  stop(): Promise<void>
}

export async function startSocks5Server(options: Socks5ServerOptions = {}): Promise<Socks5Server> {
  const asked: { host: string; port: number; type: number }[] = []
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    open.add(socket)
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy())
    serve(socket, options, asked).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `socks5://127.0.0.1:${port}`,
    asked,
    open,
    async stop() {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

async function serve(
  socket: Socket,
  { leadTo = 9, credentials, reply = 0, circuit = 'open' }: Socks5ServerOptions,
  asked: { host: string; port: number; type: number }[],
): Promise<void> {
  const read = reader(socket)
  const [, methods = 0] = await read(2)
  const offered = await read(methods)
  const wanted = credentials === undefined ? 0 : 2
  if (!offered.includes(wanted)) return void socket.end(Buffer.of(5, 0xff))
  socket.write(Buffer.of(5, wanted))
  if (credentials !== undefined) {
    const user = await read((await read(2))[1] ?? 0)
    const password = await read((await read(1))[0] ?? 0)
    const known = user.toString() === credentials.user && password.toString() === credentials.password
    socket.write(Buffer.of(1, known ? 0 : 1))
    if (!known) return void socket.end()
  }
  const type = (await read(4))[3] ?? 0
  const address = await read(type === 1 ? 4 : type === 4 ? 16 : ((await read(1))[0] ?? 0))
  const host = type === 1 ? address.join('.') : type === 4 ? address.toString('hex') : address.toString()
  asked.push({ host, port: (await read(2)).readUInt16BE(), type })
  if (circuit === 'silent') return
  if (circuit === 'hangUp') return void socket.end()
  socket.write(Buffer.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0))
  if (reply !== 0) return void socket.end()
  const onward = connect(leadTo, '127.0.0.1').on('error', () => socket.destroy())
  socket.on('close', () => onward.destroy())
  socket.pipe(onward).pipe(socket)
}

function reader(socket: Socket): (size: number) => Promise<Buffer> {
  return async (size) => {
    for (;;) {
      const bytes = size === 0 ? Buffer.alloc(0) : (socket.read(size) as Buffer | null)
      if (bytes !== null) return bytes
      await once(socket, 'readable')
      if (socket.readableEnded || socket.destroyed) throw new Error('closed')
    }
  }
}

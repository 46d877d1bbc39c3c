/** How is a connection opened through a SOCKS5 proxy? The proxy resolves the name, so that .onion works (RFC 1928, RFC 1929). */
import { isIP, connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { buildConnector } from 'undici'

export interface Socks5Settings {
  /** `socks5://user:password@host:port`; Tor gives each user and password a circuit of its own. */
  readonly proxy: URL
  /** For all of it: proxy, circuit and TLS. A circuit to an onion service may take half a minute. */
  readonly timeoutMs: number
  readonly ca?: string
  /** Ends connections that are still being opened. */
  readonly signal: AbortSignal
}

/** For undici's `connect` option. Its own agent for SOCKS5 gives up on a circuit after a fixed five seconds. */
export function createSocks5Connector(settings: Socks5Settings): buildConnector.connector {
  return (target, callback) => {
    open(settings, target).then(
      (socket) => callback(null, socket),
      (error: unknown) => callback(error instanceof Error ? error : new Error('socks5 failed'), null),
    )
  }
}

class Socks5Error extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

async function open(settings: Socks5Settings, target: buildConnector.Options): Promise<Socket> {
  const { proxy, timeoutMs, signal } = settings
  const tcp = connectTcp({
    host: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: Number(proxy.port || 1080),
    noDelay: true,
  })
  let socket: Socket = tcp.on('error', ignore)
  const abort = (code: string) => (): void => void socket.destroy(new Socks5Error(code))
  const timer = setTimeout(abort('SOCKS5_TIMEOUT'), timeoutMs)
  const onStop = abort('SOCKS5_STOPPED')
  signal.addEventListener('abort', onStop)
  try {
    await heard(tcp, 'connect')
    await authenticate(tcp, proxy)
    await requestTunnel(tcp, target)
    if (target.protocol === 'https:') {
      socket = startTls(tcp, target.hostname, settings.ca)
      await heard(socket, 'secureConnect')
    }
    return socket
  } catch (error) {
    socket.destroy()
    tcp.destroy()
    throw error
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onStop)
  }
}

const ignore = (): void => undefined

function startTls(tcp: Socket, hostname: string, ca: string | undefined): Socket {
  const servername = isIP(hostname) === 0 ? hostname : ''
  const options = { socket: tcp, host: hostname, servername, ALPNProtocols: ['http/1.1'], ...(ca ? { ca } : {}) }
  return connectTls(options).on('error', ignore)
}

const NO_AUTHENTICATION = 0
const USER_AND_PASSWORD = 2

async function authenticate(socket: Socket, proxy: URL): Promise<void> {
  const hasUser = proxy.username !== ''
  socket.write(Buffer.from(hasUser ? [5, 2, NO_AUTHENTICATION, USER_AND_PASSWORD] : [5, 1, NO_AUTHENTICATION]))
  const [version, method] = await read(socket, 2)
  if (version !== 5) throw new Socks5Error('SOCKS5_VERSION')
  if (method === NO_AUTHENTICATION) return
  if (method !== USER_AND_PASSWORD || !hasUser) throw new Socks5Error('SOCKS5_AUTH_METHOD')
  const user = prefixed(decodeURIComponent(proxy.username))
  socket.write(Buffer.concat([Buffer.of(1), user, prefixed(decodeURIComponent(proxy.password))]))
  const [, status] = await read(socket, 2)
  if (status !== 0) throw new Socks5Error('SOCKS5_AUTH_FAILED')
}

const prefixed = (text: string): Buffer => {
  const bytes = Buffer.from(text)
  if (bytes.length > 255) throw new Socks5Error('SOCKS5_TOO_LONG')
  return Buffer.concat([Buffer.of(bytes.length), bytes])
}

async function requestTunnel(socket: Socket, { hostname, protocol, port }: buildConnector.Options): Promise<void> {
  const number = Number(port || (protocol === 'https:' ? 443 : 80))
  socket.write(Buffer.concat([Buffer.of(5, 1, 0), addressOf(hostname), Buffer.of(number >> 8, number & 0xff)]))
  const [version, reply, , type] = await read(socket, 4)
  if (version !== 5) throw new Socks5Error('SOCKS5_VERSION')
  if (reply !== 0) throw new Socks5Error(`SOCKS5_REPLY_${reply}`)
  const length = type === 1 ? 4 : type === 4 ? 16 : ((await read(socket, 1))[0] ?? 0)
  await read(socket, length + 2) // the bound address tells nothing of use
}

/** The name as it is: whoever resolved it here would tell the local resolver which service is called. */
function addressOf(hostname: string): Buffer {
  const family = isIP(hostname)
  if (family === 4) return Buffer.of(1, ...hostname.split('.').map(Number))
  if (family === 6) return Buffer.concat([Buffer.of(4), ipv6Bytes(hostname)])
  return Buffer.concat([Buffer.of(3), prefixed(hostname)])
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::')
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16))
  const left = groups(head)
  const right = groups(tail ?? '')
  const all = [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}

const heard = (socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> =>
  settle(socket, (resolve) => {
    socket.once(event, resolve)
    return () => socket.off(event, resolve)
  })

const read = (socket: Socket, size: number): Promise<Buffer> =>
  settle(socket, (resolve, reject) => {
    const take = (): void => {
      const bytes = socket.read(size) as Buffer | null
      if (bytes?.length === size) resolve(bytes)
      else if (bytes !== null) reject(new Socks5Error('SOCKS5_CLOSED'))
    }
    socket.on('readable', take)
    take()
    return () => socket.off('readable', take)
  })

/** A promise that ends with the socket at the latest, and leaves no listener behind. */
function settle<T>(
  socket: Socket,
  watch: (resolve: (value: T) => void, reject: (error: Error) => void) => () => void,
): Promise<T> {
  let unwatch = ignore
  const onEnd = (): void => fail(new Socks5Error('SOCKS5_CLOSED'))
  let fail: (error: Error) => void = ignore
  return new Promise<T>((resolve, reject) => {
    fail = reject
    socket.on('error', reject).on('end', onEnd).on('close', onEnd)
    unwatch = watch(resolve, reject)
  }).finally(() => {
    unwatch()
    socket.off('error', fail).off('end', onEnd).off('close', onEnd)
  })
}

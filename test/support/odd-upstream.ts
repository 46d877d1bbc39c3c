/** What if the upstream is none of the gateways? An HTTP server whose every answer the test decides on. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface OddUpstream {
  readonly origin: string
  readonly port: number
  /** `METHOD target` of each request. */
  readonly requests: string[]
  answer(next: (request: IncomingMessage, response: ServerResponse) => void): void
  stop(): Promise<void>
}

/** Answers 404 until it is told otherwise. On any free port unless one is given. */
export async function startOddUpstream(wanted = 0): Promise<OddUpstream> {
  const requests: string[] = []
  let answer: (request: IncomingMessage, response: ServerResponse) => void = (_request, response) =>
    void response.writeHead(404).end()
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    requests,
    answer: (next) => void (answer = next),
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

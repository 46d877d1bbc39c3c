/** What is one call of LND's REST interface? What came, how it is refused, and how a stream is answered. */

export interface LndCall {
  /** The groups of the entry's path. */
  readonly parts: readonly string[]
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
}

export interface LndEntry {
  readonly method: 'GET' | 'POST'
  readonly path: RegExp
  readonly permission: string
  /** `package.Service/Method`. */
  readonly uri: string
  /** @throws LndRefusal, LndGone */
  readonly answer?: (call: LndCall) => Promise<object> | object
  /** @throws LndRefusal, LndGone */
  readonly stream?: (call: LndCall, stream: LndStream) => Promise<void> | void
}

export interface LndStream {
  send(result: object): void
  /** After it nothing is sent. */
  end(): void
  /** Called when the stream has ended, on whichever side. */
  onGone(run: () => void): void
}

/** What LND refuses with: a code of gRPC and words. */
export class LndRefusal extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

/** The peer sees a connection that is cut. */
export class LndGone extends Error {}

export const UNKNOWN = 2
export const NOT_FOUND = 5
export const ALREADY_EXISTS = 6

/** A string or number of JSON as text; empty for anything else. */
export const textOf = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : ''

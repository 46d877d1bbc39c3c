/** What is used of the package `macaroon`, which has no types of its own. */
declare module 'macaroon' {
  export interface Caveat {
    readonly identifier: Uint8Array
    /** Present on third-party caveats only. */
    readonly vid?: Uint8Array
  }
  export interface Macaroon {
    readonly location: string
    readonly identifier: Uint8Array
    readonly caveats: readonly Caveat[]
    readonly signature: Uint8Array
    addFirstPartyCaveat(caveat: string | Uint8Array): void
    /** Doubles its buffer with every field: not for more than two or three caveats. */
    exportBinary(): Uint8Array
    /** @throws where the signature or a caveat does not hold; `check` returns null for a caveat that does. */
    verify(rootKey: Uint8Array, check: (caveat: string) => string | null, discharges?: readonly Macaroon[]): void
  }
  export function importMacaroon(token: string | Uint8Array): Macaroon
  export function newMacaroon(parts: {
    readonly identifier: string | Uint8Array
    readonly location?: string
    readonly rootKey: string | Uint8Array
    readonly version?: 2
  }): Macaroon
  export function bytesToBase64(bytes: Uint8Array): string
}

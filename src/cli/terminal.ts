/** May this text reach a terminal? Relays, upstreams and providers put words into ours, and a terminal obeys some of them. */

/** Control characters but tab and line feed, and what turns the direction of writing. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** What a terminal would obey is shown by its code; the rest is as it was. */
export const forTerminal = (text: string): string => text.replace(OBEYED, escaped)

/** One line of JSON, which means the same to whoever parses it. */
export const jsonForTerminal = (value: object): string => forTerminal(JSON.stringify(value))

/** A body goes out byte for byte, unless somebody looks at it. */
export function bodyFor(stream: { readonly isTTY?: boolean }, body: Uint8Array): Uint8Array | string {
  if (!stream.isTTY) return body
  return forTerminal(Buffer.from(body).toString('utf8').replaceAll('\r\n', '\n'))
}

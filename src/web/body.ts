/** What did the host answer with? Its body after any content coding, read no further than it may be long. */
import { pipeline } from 'node:stream'
import type { Readable, Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** How much longer than its content a coded body may be: codings add a little, and empty pieces without end would never count. */
const CODING_SLACK = 65_536

const DECODERS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
}

/** Counted as it is decoded: a small body that unpacks into a large one is given up at the cap. Throws where the connection breaks. */
export async function readBody(
  response: {
    readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
    readonly body: Readable
  },
  maxBytes: number,
): Promise<Uint8Array | 'tooLarge' | 'unreadable'> {
  const { headers, body } = response
  const coding = String(headers['content-encoding'] ?? '')
    .trim()
    .toLowerCase()
  if (coding === '' || coding === 'identity') {
    return Number(headers['content-length']) > maxBytes ? 'tooLarge' : collect(body, maxBytes)
  }
  const createDecoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding] : undefined
  if (!createDecoder) return 'unreadable'
  return decode(body, createDecoder(), maxBytes)
}

async function decode(
  body: Readable,
  decoder: Transform,
  maxBytes: number,
): Promise<Uint8Array | 'tooLarge' | 'unreadable'> {
  let raw = 0
  let tooLong = false
  let broken = false
  body.on('data', (chunk: Buffer) => {
    raw += chunk.length
    if (raw <= maxBytes + CODING_SLACK) return
    tooLong = true
    decoder.destroy()
  })
  body.on('error', () => (broken = true))
  pipeline(body, decoder, () => undefined)
  try {
    return await collect(decoder, maxBytes)
  } catch (error) {
    if (tooLong) return 'tooLarge'
    if (broken) throw error
    return 'unreadable'
  }
}

async function collect(source: Readable, maxBytes: number): Promise<Uint8Array | 'tooLarge'> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) return 'tooLarge'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

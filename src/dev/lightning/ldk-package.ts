/** Is LDK installed, and how is it started? It is a development dependency: twelve megabytes of WebAssembly, loaded on demand. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

export type Ldk = typeof import('lightningdevkit')
export type BitcoinJs = typeof import('bitcoinjs-lib')

export interface LdkPackages {
  readonly ldk: Ldk
  readonly bitcoin: BitcoinJs
}

const require = createRequire(import.meta.url)

/** True where both packages can be resolved; nothing is loaded. */
export async function ldkAvailable(): Promise<boolean> {
  try {
    require.resolve('lightningdevkit')
    require.resolve('bitcoinjs-lib')
    return true
  } catch {
    return false
  }
}

let loading: Promise<LdkPackages> | undefined

/** Once per process: the WebAssembly instance is global. @throws where the packages are not installed. */
export function loadLdk(): Promise<LdkPackages> {
  loading ??= load()
  return loading
}

async function load(): Promise<LdkPackages> {
  const [ldk, bitcoin, wasm] = await Promise.all([
    import('lightningdevkit'),
    import('bitcoinjs-lib'),
    readFile(new URL('liblightningjs.wasm', `file://${require.resolve('lightningdevkit')}`)),
  ])
  await withoutBanner(() => ldk.initializeWasmFromBinary(wasm))
  return { ldk, bitcoin }
}

/** LDK greets on stdout when it starts; stdout is for data. */
async function withoutBanner(start: () => Promise<void>): Promise<void> {
  const { log } = console
  console.log = (...words: unknown[]) => {
    if (!String(words[0]).startsWith('Loaded LDK')) log(...words)
  }
  try {
    await start()
  } finally {
    console.log = log
  }
}

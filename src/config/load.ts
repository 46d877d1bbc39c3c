/** What is configured? Reads the configuration file, the secrets it refers to and the environment: the only place that does. */
import { closeSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import type { Config } from './config.js'
import { parseConfig, parseStateDirectory } from './parse.js'
import { createSecretReader, faultOf, type Environment } from './secrets.js'

/** Larger files are refused before they are read. Four bytes for each character that is accepted. */
const MOST_BYTES = 524_288

/** @throws TollbridgeError `config-invalid`: everything that is wrong, one sentence a line, without secrets. */
export async function loadConfig(file: string, env: Environment = process.env): Promise<Config> {
  const path = resolve(file)
  const config = parseConfig(readConfigFile(path), {
    file: path,
    readSecret: createSecretReader(dirname(path), env),
    isFile,
  })
  if (isMalformed(config)) throw new TollbridgeError('config-invalid', config.malformed)
  return config
}

/** Where the state is, without the secrets that the daemon's own environment may hold. @throws TollbridgeError `config-invalid` */
export async function loadStateDirectory(file: string): Promise<string> {
  const path = resolve(file)
  const directory = parseStateDirectory(readConfigFile(path), path)
  if (isMalformed(directory)) throw new TollbridgeError('config-invalid', directory.malformed)
  return directory
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false // it is not there, or not for us
  }
}

function readConfigFile(path: string): string {
  const refuse = (why: string): never => {
    throw new TollbridgeError('config-invalid', `${path}: the configuration cannot be read: ${why}.`)
  }
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    const hint = (error as NodeJS.ErrnoException).code === 'ENOENT' ? '; tollbridge init writes one' : ''
    return refuse(faultOf(error) + hint)
  }
  try {
    const stats = fstatSync(descriptor)
    if (!stats.isFile()) return refuse('it is not a regular file')
    if (stats.size > MOST_BYTES) return refuse(`it has ${stats.size} bytes, and a configuration at most ${MOST_BYTES}`)
    return decodeUtf8(readFileSync(descriptor)) ?? refuse('it is not text in UTF-8')
  } finally {
    closeSync(descriptor)
  }
}

function decodeUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return null // not UTF-8
  }
}

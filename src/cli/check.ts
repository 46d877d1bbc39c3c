/** `tollbridge check` */
import type { Config } from '../config/config.js'
import type { Output } from './output.js'
export async function check(_config: Config, _output: Output): Promise<number> {
  return 0
}

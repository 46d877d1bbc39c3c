/** How is a directory made with what is missing above it, wherever the operator points? One by one. */
import { mkdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/**
 * Nothing where it is there already. Where a parent exists and takes no directories, as in /proc, the recursive mkdir of Node never
 * returns. @throws the system's error.
 */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  const target = resolve(path)
  try {
    await mkdir(target, { mode })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && (await stat(target)).isDirectory()) return
    const parent = dirname(target)
    const parentMissing = code === 'ENOENT' && parent !== target && !(await exists(parent))
    if (!parentMissing) throw error
    await makeDirectory(parent, mode)
    // Again from the beginning: somebody else may have made it meanwhile.
    await makeDirectory(target, mode)
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

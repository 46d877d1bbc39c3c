/** Which known name was probably meant? */

/** Longer names are not names of settings, and comparing them would take long. */
const LONGEST = 64

/** The known name with the fewest letters to change, or undefined where none is near. Case does not count. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined
  const reach = Math.max(2, Math.floor(name.length / 3))
  let nearest: { name: string; distance: number } | undefined
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    // A name as long as the distance has nothing in common with the other.
    if (distance > reach || distance >= candidate.length) continue
    if (!nearest || distance < nearest.distance) nearest = { name: candidate, distance }
  }
  return nearest?.name
}

/** Letters to insert, remove or replace, and neighbours to swap (optimal string alignment). */
function editDistance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      let least = Math.min(replace, at(previous, j) + 1, at(current, j - 1) + 1)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(before, j - 2) + 1)
      current.push(least)
    }
    before = previous
    previous = current
  }
  return at(previous, b.length)
}

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity

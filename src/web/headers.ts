/** Which headers cross to a host that others name, and which come back? */

/** The framing belongs to the client; cookies are never kept, so that none is sent. */
const NEVER_SENT: ReadonlySet<string> = new Set(
  'accept-encoding connection content-length cookie expect host keep-alive proxy-authorization te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)
/** What a redirect to another origin may repeat. */
const GENERAL: ReadonlySet<string> = new Set(['accept', 'accept-language', 'user-agent'])
const NEVER_KEPT: ReadonlySet<string> = new Set(['set-cookie', 'set-cookie2'])

/** Headers of one request. `general` are those of the hop before, of which only what names nobody is kept. */
export function sentHeaders(
  named: Readonly<Record<string, string>>,
  general: Readonly<Record<string, string>> = {},
): Record<string, string> {
  // A body that comes packed is unpacked under the cap all the same; it is not asked for.
  const sent: Record<string, string> = { 'user-agent': 'tollbridge' }
  for (const [name, value] of Object.entries(general)) if (GENERAL.has(name)) sent[name] = value
  for (const [name, value] of Object.entries(named)) {
    const lower = name.toLowerCase()
    if (!NEVER_SENT.has(lower)) sent[lower] = value
  }
  sent['accept-encoding'] = 'identity'
  return sent
}

export function responseHeaders(
  raw: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || NEVER_KEPT.has(name)) continue
    kept[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return kept
}

/** What did `tollbridge check` find out about one thing? */

export interface Finding {
  readonly type: 'key' | 'name' | 'relay' | 'wallet' | 'upstream' | 'route' | 'blobs' | 'handlers'
  readonly name: string
  /** `skipped`: nothing was proved, nothing was found wrong. */
  readonly verdict: 'ok' | 'failed' | 'skipped'
  /** Full sentences for the operator. */
  readonly says: string
  /** True where jobs cross all the same, and something is left to be put right. */
  readonly warning?: boolean
}

/** What does it take to fetch and open an encrypted blob? Where it lies, what it must hash to, and its key. */

/** A secret unless the answer that it leads to is public: whoever has it can read the blob. */
export interface BlobPointer {
  /** Each of them gave the whole blob back when the pointer was made. */
  readonly urls: readonly string[]
  /** Of the content. */
  readonly contentType: string | null
  /** Bytes of the blob: the content and 16 more. */
  readonly size: number
  /** sha256 of the blob as it lies at the servers, in lower-case hex. */
  readonly x: string
  /** sha256 of the content, in lower-case hex. */
  readonly ox: string
  /** 32 bytes in lower-case hex. */
  readonly key: string
  /** 12 bytes in lower-case hex. */
  readonly nonce: string
}

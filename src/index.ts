/** The public surface: what handlers and programs that embed Tollbridge may import. */
export { rejection, isRejection, CUSTOMER_ERRORS, type Rejection, type CustomerErrorCode } from './core/errors.js'
export type { HandlerRequest, InputValue, JobInput, JobRequest } from './core/job-request.js'
export type { Job, JobOutput, JobState } from './core/job.js'
export type { JobHandler, Policy, Seen, Wallet, RelayPool, Signer, UpstreamClient, JobStore } from './ports.js'

export { openHirer, type HirerOptions } from './wiring/hiring.js'
export { isSameWish, type HireRun, type HireWish, type Hirer } from './hirer/hirer.js'
export type { Choice, Judged, TrustDemands } from './hirer/choose.js'
export type { HireOutcome } from './hirer/hire-outcome.js'
export type { HireEvent, HireLine } from './hirer/hire-story.js'
export type { TrustAnchors } from './hirer/trust.js'

/** The public surface: what handlers and programs that embed Tollbridge may import. */
export { rejection, isRejection, CUSTOMER_ERRORS, type Rejection, type CustomerErrorCode } from './core/errors.js'
export type { HandlerRequest, JobInput, JobRequest } from './core/job-request.js'
export type { Job, JobOutput, JobState } from './core/job.js'
export type { JobHandler, Policy, Seen, Wallet, RelayPool, Signer, UpstreamClient, JobStore } from './ports.js'

/** Which step does a state perform? A missing one is a type error. */
import type { OpenJob, OpenState } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { awaiting } from './awaiting.js'
import { cancelling } from './cancelling.js'
import type { Pause, Step, StepContext } from './context.js'
import { failing } from './failing.js'
import { fetching } from './fetching.js'
import { gathering } from './gathering.js'
import { invoicing } from './invoicing.js'
import { offering } from './offering.js'
import { paying } from './paying.js'
import { publishing } from './publishing.js'
import { quoting } from './quoting.js'
import { refunding } from './refunding.js'
import { settling } from './settling.js'
import { tracking } from './tracking.js'

const STEPS: { readonly [S in OpenState]: Step<S> } = {
  gathering,
  quoting,
  invoicing,
  offering,
  awaiting,
  paying,
  tracking,
  settling,
  fetching,
  publishing,
  cancelling,
  refunding,
  failing,
}

/** Performs the one step of the job's state. */
export function performStep(context: StepContext, job: OpenJob): Promise<Fact | Pause> {
  const step = STEPS[job.state] as (context: StepContext, job: OpenJob) => Promise<Fact | Pause>
  return step(context, job)
}

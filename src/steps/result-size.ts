/** Could an answer of that size be delivered at all? Asked before anything is called or charged. */
import { rejection, type Rejection } from '../core/errors.js'
import type { Job } from '../core/job.js'
import type { Route } from '../core/route.js'
import type { StepContext } from './context.js'

/** The most of an event that its content can be: encryption pads and makes base64 of it, a gift wrap twice. */
const SHARE = { encrypted: 0.63, wrapped: 0.44, dispatch: 0.44 } as const

/** What the operator says of the route's answers decides; where it says nothing, nothing is known. */
export function objectionToSize(
  { blobs, settings }: Pick<StepContext, 'blobs' | 'settings'>,
  { channel }: Pick<Job, 'channel'>,
  { resultBytes }: Route,
): Rejection | null {
  if (resultBytes === undefined || resultBytes === null) return null
  const most = blobs?.maxBytes ?? settings.maxEventBytes * (channel ? SHARE[channel.type] : 1)
  return resultBytes > most ? rejection('result-too-large', `answers have up to ${resultBytes} bytes`) : null
}

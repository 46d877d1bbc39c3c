/** What becomes of a payment that is under way when its node stops? It is unknown, and whoever waits for it is told so. */
import { PaymentFault } from './node.js'

export interface UnderWay {
  readonly stopped: boolean
  /** Resolves after the delay, at once for 0. @throws PaymentFault `unknown` when the node stops first. */
  wait(delayMs: number): Promise<void>
  /** Never resolves. @throws PaymentFault `unknown` when the node stops. */
  never(): Promise<never>
  /** As the promise that `start` settles. @throws PaymentFault `unknown` when the node stops first. */
  until<T>(start: (resolve: (value: T) => void, reject: (fault: PaymentFault) => void) => () => void): Promise<T>
  readonly stop: () => void
}

export function createUnderWay(): UnderWay {
  const waiting = new Set<(fault: PaymentFault) => void>()
  let stopped = false

  const until: UnderWay['until'] = (start) =>
    new Promise((resolve, reject) => {
      const rejectOnStop = (fault: PaymentFault) => {
        end()
        reject(fault)
      }
      const end = () => {
        waiting.delete(rejectOnStop)
        release()
      }
      waiting.add(rejectOnStop)
      const release = start((value) => {
        end()
        resolve(value)
      }, rejectOnStop)
    })

  return {
    get stopped() {
      return stopped
    },
    until,
    wait: (delayMs) => {
      if (delayMs === 0) return Promise.resolve()
      return until((resolve) => {
        const timer = setTimeout(() => resolve(undefined), delayMs)
        return () => clearTimeout(timer)
      })
    },
    never: () => until(() => () => undefined),
    stop() {
      stopped = true
      const fault = () => new PaymentFault('unknown', 'the node stopped while the payment was under way')
      for (const reject of [...waiting]) reject(fault())
    },
  }
}

/** Does each bar hold? What is promised of which figure, and how it is shown. */
import type { Figures } from './plan.js'

interface Bar {
  readonly figure: string
  readonly unit: string
  readonly limit: number
  /** The figure is a multiple of this one. */
  readonly floor?: string
}

const KIB = 1024

export const BARS: readonly Bar[] = [
  { figure: 'freeCpuMs', unit: 'ms', limit: 2.5, floor: 'floorFreeMs' },
  { figure: 'paidCpuMs', unit: 'ms', limit: 3, floor: 'floorPaidMs' },
  { figure: 'paidNwcCpuMs', unit: 'ms', limit: 5 },
  { figure: 'settleToResultP50Ms', unit: 'ms', limit: 20 },
  { figure: 'settleToResultP99Ms', unit: 'ms', limit: 100 },
  { figure: 'wrapExtraP50Ms', unit: 'ms', limit: 25 },
  { figure: 'bytesPerOpenJob', unit: 'B', limit: 16 * KIB },
  { figure: 'recover10kSeconds', unit: 's', limit: 3 },
  { figure: 'tenfoldDeliveryRatio', unit: '×', limit: 1.5 },
  { figure: 'startMs', unit: 'ms', limit: 1500 },
  { figure: 'idleCpuPercent', unit: '%', limit: 0.5 },
  { figure: 'rssGrowthMb', unit: 'MB', limit: 5 },
]

/** The figures as they are printed: three decimals, and beside each that has a floor its ratio. */
export function completeFigures(measured: Figures): Figures {
  const figures = Object.fromEntries(Object.entries(measured).map(([key, value]) => [key, rounded(value)]))
  for (const { figure, floor } of BARS) {
    const [value, least] = [measured[figure], measured[floor ?? '']]
    if (value !== undefined && least !== undefined)
      figures[`${figure.replace(/Ms$/, '')}Ratio`] = rounded(value / least)
  }
  const { sdkMsPerCall, sdkCallsPerPaidJob } = measured
  if (sdkMsPerCall !== undefined && sdkCallsPerPaidJob !== undefined) {
    figures['sdkMsPerPaidJob'] = rounded(sdkMsPerCall * sdkCallsPerPaidJob)
  }
  return figures
}

export function describeFigures(figures: Figures): string {
  const barred = BARS.flatMap(({ figure, unit, limit, floor }) => {
    const value = figures[figure]
    if (value === undefined) return []
    const compared = floor === undefined ? value : value / (figures[floor] ?? Number.NaN)
    const limitText = floor === undefined ? `${limit} ${unit}` : `${limit} × ${floor}`
    const verdict = Number.isNaN(compared) ? 'no floor measured' : compared <= limit ? 'holds' : 'DOES NOT HOLD'
    const multiple = floor === undefined ? '' : `${compared.toFixed(2)} ×`
    return [[figure, `${value} ${unit}`, multiple, `≤ ${limitText}`, verdict]]
  })
  const named = new Set(BARS.map(({ figure }) => figure))
  const others = Object.entries(figures).filter(([key]) => !named.has(key))
  return [...barred, ...others.map(([key, value]) => [key, String(value), '', '', ''])]
    .map(([key = '', value = '', multiple = '', limit = '', verdict = '']) =>
      [key.padEnd(22), value.padStart(14), multiple.padStart(8), limit.padEnd(20), verdict].join('  ').trimEnd(),
    )
    .join('\n')
}

const rounded = (value: number): number => Math.round(value * 1000) / 1000

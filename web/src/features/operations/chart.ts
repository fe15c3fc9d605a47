/** Where the marks of a chart go: pure geometry on a sheet of WIDE x HIGH, and what the chart says in words. */

export const WIDE = 1000
export const HIGH = 100
export type Values = readonly (number | null)[]

/** The period that is shown; times in seconds. */
export interface Period {
  from: number
  to: number
}

/** The next number above all values that is good to read at the end of an axis: 1, 2, 2.5 or 5 times a power of ten. */
export function ceiling(rows: readonly Values[], least: number): number {
  const most = Math.max(least, ...rows.flat().map((value) => value ?? 0))
  const power = 10 ** Math.floor(Math.log10(most))
  return ([1, 2, 2.5, 5, 10].find((step) => step * power >= most * 0.999999) ?? 10) * power
}

const x = (at: number, { from, to }: Period) => Math.round(((at - from) / (to - from)) * WIDE * 10) / 10
const y = (value: number, top: number) => Math.round((1 - Math.min(1, value / top)) * HIGH * 100) / 100

/** The path of a line. It breaks where nothing is known: at null, and where rows are further apart than `gap` seconds. */
export function line(at: readonly number[], values: Values, period: Period, top: number, gap: number): string {
  let path = ''
  let last: number | null = null
  values.forEach((value, row) => {
    const time = at[row]!
    if (value === null || time < period.from) {
      last = null
      return
    }
    const alone = last === null || time - last > gap
    path += `${alone ? 'M' : 'L'}${x(time, period)} ${y(value, top)}${alone ? 'h0' : ''}`
    last = time
  })
  return path
}

export interface Bar {
  x: number
  y: number
  width: number
  height: number
}

/** One bar for each row that is not nought; `every` is how many seconds a row is long, and `at` its end. */
export function bars(at: readonly number[], values: Values, period: Period, top: number, every: number): Bar[] {
  return values.flatMap((value, row) => {
    const end = Math.min(WIDE, x(at[row]!, period))
    const start = Math.max(0, x(at[row]! - every, period))
    if (!value || end <= 0) return []
    return [{ x: start + (end - start) * 0.1, y: y(value, top), width: (end - start) * 0.8, height: HIGH - y(value, top) }]
  })
}

/** Counts of short rows added up to those of whole minutes. */
export function perMinute(at: readonly number[], ...columns: (readonly number[])[]): { at: number[]; columns: number[][] } {
  const minutes = new Map<number, number[]>()
  at.forEach((time, row) => {
    const end = Math.ceil(time / 60) * 60
    const sums = minutes.get(end) ?? columns.map(() => 0)
    columns.forEach((column, which) => (sums[which]! += column[row] ?? 0))
    minutes.set(end, sums)
  })
  return { at: [...minutes.keys()], columns: columns.map((_, which) => [...minutes.values()].map((sums) => sums[which]!)) }
}

/** The row whose time is nearest; -1 when there is none. */
export function nearest(at: readonly number[], time: number): number {
  return at.reduce((best, one, row) => (best < 0 || Math.abs(one - time) < Math.abs(at[best]! - time) ? row : best), -1)
}

/** The latest, the greatest and the mean of what is known; null when nothing is. */
export function gist(values: Values): { last: number; most: number; mean: number } | null {
  const known = values.filter((value) => value !== null)
  if (!known.length) return null
  return { last: known.at(-1)!, most: Math.max(...known), mean: known.reduce((sum, value) => sum + value, 0) / known.length }
}

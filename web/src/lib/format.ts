/** Words for amounts, in the reader's language. All times come in as ISO 8601 or milliseconds. */

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>()

function once<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(key: string, make: () => T): T {
  const known = cache.get(key) as T | undefined
  if (known) return known
  const made = make()
  cache.set(key, made)
  return made
}

const unit = (locale: string, name: string, digits: number) =>
  once(`${locale}/${name}/${digits}`, () => new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short', minimumFractionDigits: digits, maximumFractionDigits: digits }))

/** A duration: `840 ms`, `3.2 s`, `4 min 05 s`, `2 h 10 min`. */
export function duration(ms: number | null | undefined, locale: string): string {
  if (ms === null || ms === undefined) return '–'
  if (ms < 999.5) return unit(locale, 'millisecond', ms < 9.95 && ms > 0 ? 1 : 0).format(ms)
  const seconds = ms / 1000
  if (seconds < 59.95) return unit(locale, 'second', 1).format(seconds)
  const whole = Math.round(seconds)
  if (whole < 3600) return `${unit(locale, 'minute', 0).format(Math.floor(whole / 60))} ${unit(locale, 'second', 0).format(whole % 60)}`
  return `${unit(locale, 'hour', 0).format(Math.floor(whole / 3600))} ${unit(locale, 'minute', 0).format(Math.floor((whole % 3600) / 60))}`
}

/** A size: `0 byte`, `12 kB`, `4.2 MB`. */
export function size(bytes: number | null | undefined, locale: string): string {
  if (bytes === null || bytes === undefined) return '–'
  const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte']
  const step = Math.min(steps.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const amount = bytes / 1000 ** step
  return unit(locale, steps[step]!, step && amount < 10 ? 1 : 0).format(amount)
}

/** A whole number with its separators. */
export function count(amount: number | null | undefined, locale: string): string {
  return amount === null || amount === undefined ? '–' : once(`${locale}/count`, () => new Intl.NumberFormat(locale)).format(amount)
}

/** A share of a hundred: `0 %`, `4.2 %`, `73 %`. */
export function percent(share: number | null | undefined, locale: string): string {
  if (share === null || share === undefined) return '–'
  const digits = Math.abs(share) < 9.95 && share !== 0 ? 1 : 0
  return once(`${locale}/percent/${digits}`, () => new Intl.NumberFormat(locale, { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits })).format(share / 100)
}

/** A number with as many digits as help: `0`, `0.25`, `3.4`, `120`. */
export function amount(value: number | null | undefined, locale: string): string {
  if (value === null || value === undefined) return '–'
  const digits = Math.abs(value) >= 99.5 ? 0 : Math.abs(value) >= 9.95 ? 1 : 2
  return once(`${locale}/amount/${digits}`, () => new Intl.NumberFormat(locale, { maximumFractionDigits: digits })).format(value)
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [['year', 31_557_600], ['month', 2_629_800], ['week', 604_800], ['day', 86_400], ['hour', 3600], ['minute', 60]]

/** How long ago: `5 minutes ago`, `yesterday`, `now` for anything under 45 seconds. */
export function ago(iso: string, locale: string, now = Date.now()): string {
  const seconds = (Date.parse(iso) - now) / 1000
  const words = once(`${locale}/ago`, () => new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }))
  if (Math.abs(seconds) < 45) return words.format(0, 'second')
  const [name, length] = STEPS.find(([, length]) => Math.abs(seconds) >= length) ?? (['minute', 60] as const)
  return words.format(Math.round(seconds / length), name)
}

/** A moment in full: date and time to the second. */
export function moment(iso: string, locale: string): string {
  return once(`${locale}/moment`, () => new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })).format(new Date(iso))
}

/** A time of today to the second, as a clock shows it; `at` in ms since 1970. */
export function clock(at: number, locale: string): string {
  return once(`${locale}/clock`, () => new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })).format(at)
}

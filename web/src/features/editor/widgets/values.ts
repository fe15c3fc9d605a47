import type { Widget } from '@/lib/graph/document'

/** The options of a select as `[value, label]`. */
export function optionsOf(widget: Widget): [value: unknown, label: string | undefined][] {
  return (widget.options ?? []).map((option) => (Array.isArray(option) ? [option[0], option[1] === undefined ? undefined : String(option[1])] : [option, undefined]))
}

/** A value as plain text for a field. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

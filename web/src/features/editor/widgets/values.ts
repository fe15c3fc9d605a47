import type { DataType, Port, Widget } from '@/lib/graph/document'

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

const BY_TYPE: Partial<Record<DataType, Widget>> = {
  string: { kind: 'textarea', rows: 3 },
  integer: { kind: 'number' },
  float: { kind: 'number' },
  boolean: { kind: 'toggle' },
  object: { kind: 'json', rows: 4 },
  array: { kind: 'json', rows: 4 },
  messages: { kind: 'messages' },
  binary: { kind: 'file' },
  image: { kind: 'image' },
  audio: { kind: 'audio' },
}

/** The widget of a port: its own, else the one its type suggests. */
export function widgetFor(port: Port): Widget | null {
  return port.widget ?? BY_TYPE[port.type] ?? null
}

import type { DataType, Port, Widget } from '@/lib/graph/document'

const TYPES: Record<string, DataType> = { string: 'string', integer: 'integer', number: 'float', boolean: 'boolean', array: 'array', object: 'object' }

/** The port that a JSON Schema of an answer describes. */
export function portOfSchema(id: string, schema: Record<string, unknown>, required: boolean): Port {
  const type = TYPES[String(schema.type)] ?? 'any'
  return { id, type, required, title: typeof schema.title === 'string' ? schema.title : id, default: schema.default, widget: widgetOf(type, schema) }
}

function widgetOf(type: DataType, schema: Record<string, unknown>): Widget {
  if (Array.isArray(schema.enum)) return { kind: 'select', options: schema.enum as unknown[] }
  if (type === 'boolean') return { kind: 'toggle' }
  if (type === 'integer' || type === 'float') return { kind: 'number', minimum: number(schema.minimum), maximum: number(schema.maximum) }
  if (type === 'string') return schema.format === 'date' ? { kind: 'date' } : { kind: 'textarea', rows: 3 }
  return { kind: 'json' }
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

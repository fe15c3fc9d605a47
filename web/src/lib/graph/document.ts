/** The saved form of a graph, as it travels: the twin of `graph/document.py`. Unknown members stay on the objects and are written back. */

export type DataType =
  | 'string'
  | 'integer'
  | 'float'
  | 'boolean'
  | 'object'
  | 'array'
  | 'binary'
  | 'image'
  | 'audio'
  | 'message'
  | 'messages'
  | 'any'

export const DATA_TYPES: readonly DataType[] = [
  'string',
  'integer',
  'float',
  'boolean',
  'object',
  'array',
  'binary',
  'image',
  'audio',
  'message',
  'messages',
  'any',
]

export interface Widget {
  kind: string
  options?: unknown[]
  suggest?: boolean
  minimum?: number
  maximum?: number
  step?: number
  language?: string
  rows?: number
  placeholder?: string
  accept?: string
  capability?: string
}

export interface Port {
  id: string
  type: DataType
  title?: string
  description?: string
  tags?: string[]
  stream?: boolean
  many?: boolean
  required?: boolean
  default?: unknown
  lazy?: boolean
  accepts_dead?: boolean
  accepts_error?: boolean
  convertible?: boolean
  widget?: Widget | null
  handle?: boolean
  cosmetic?: boolean
}

export interface Policy {
  retries?: number
  backoff_s?: number
  retry_on?: string[]
  timeout_s?: number | null
  on_error?: string
  defaults?: Record<string, unknown>
  reuse?: string
  ttl_s?: number | null
  on_unknown?: string
}

export type Point = [number, number]

export interface NodeLook {
  x?: number
  y?: number
  width?: number
  height?: number
  collapsed?: boolean
  colour?: string
  handles?: string[]
  /** `all` unfolds the outputs beyond the first few. */
  outputs?: string
  [member: string]: unknown
}

export interface NodeDoc {
  id: string
  kind: string
  kind_version?: number
  values?: Record<string, unknown>
  name?: string
  description?: string
  frame?: string | null
  mode?: string
  pins?: Record<string, unknown>
  policy?: Policy
  look?: NodeLook
  [member: string]: unknown
}

export type End = [node: string, port: string]

export interface WireDoc {
  id: string
  source: End
  target: End
  each?: boolean
  look?: { via?: Point[]; [member: string]: unknown }
  [member: string]: unknown
}

export interface FrameLook {
  x?: number
  y?: number
  width?: number
  height?: number
  colour?: string
  [member: string]: unknown
}

export interface FrameDoc {
  id: string
  name?: string
  note?: string
  frame?: string | null
  look?: FrameLook
  [member: string]: unknown
}

export interface Interface {
  inputs?: Port[]
  outputs?: Port[]
}

export interface BodyDoc {
  nodes?: NodeDoc[]
  wires?: WireDoc[]
  frames?: FrameDoc[]
  interface?: Interface
}

export interface GroupDoc extends BodyDoc {
  id: string
  name?: string
  description?: string
  look?: Record<string, unknown>
  [member: string]: unknown
}

export interface GraphDoc extends BodyDoc {
  format?: string
  version?: number
  groups?: GroupDoc[]
  look?: Record<string, unknown>
  [member: string]: unknown
}

export interface Problem {
  code: string
  message: string
  level?: 'error' | 'warning'
  place?: Partial<Record<'graph' | 'node' | 'port' | 'wire' | 'value' | 'field', string>>
  params?: Record<string, unknown>
}

/** Return a copy of `record` with `fields` set; a field set to `undefined` is left out, as the saved form leaves out defaults. */
export function patched<T extends object>(record: T, fields: Partial<T>): T {
  const next = { ...record, ...fields }
  for (const key of Object.keys(fields) as (keyof T)[]) if (fields[key] === undefined) delete next[key]
  return next
}

/** The one rule that says which wire may be drawn (the twin of `graph/types.py`). */

import type { DataType, Port } from './document'

/** What the rule looks at. `Port` is one. */
export type Socket = Pick<Port, 'type' | 'tags' | 'convertible' | 'stream'> & {
  /** An input of a Map that decides by itself what it takes apart: it takes one, or a list of them. */
  takesList?: boolean
}

export const MAPPED = 'mapped'
const NUMBERS = new Set<DataType>(['integer', 'float'])
const LISTS = new Set<DataType>(['array', 'messages'])

/** The type that arrives at `target`: a stream read by a value input is gathered. */
export function arrivingType(source: Socket, target: Pick<Socket, 'stream'>): DataType {
  if (!source.stream || target.stream || source.type === 'string' || source.type === 'binary' || source.type === 'any') return source.type
  return source.type === 'message' ? 'messages' : 'array'
}

/** Why a wire may not be drawn, by the code of the problem; null when it may. `each`: the wire maps over what it carries. */
export function refused(source: Socket, target: Socket, each = false): 'graph.wire_type' | 'graph.list_into_one' | 'graph.each_of_one' | null {
  if (target.tags?.includes(MAPPED) && source.stream) return null
  const type = arrivingType(source, target)
  if (each) return eachRefused(source, type, target)
  if (type === 'any' || target.type === 'any' || source.convertible || target.convertible) return null
  if (type === source.type && source.tags?.some((tag) => target.tags?.includes(tag))) return null
  if (type === target.type || (type === 'integer' && target.type === 'float')) return null
  if (target.type === 'string' && (NUMBERS.has(type) || type === 'boolean')) return null
  return LISTS.has(type) && !LISTS.has(target.type) ? 'graph.list_into_one' : 'graph.wire_type'
}

function eachRefused(source: Socket, type: DataType, target: Socket) {
  if (source.stream && !target.stream) return refused({ type: source.type, tags: source.tags }, target)
  if (type === 'messages') return refused({ type: 'message' }, target)
  return type === 'array' || type === 'any' || source.convertible ? null : 'graph.each_of_one'
}

/** Whether a value leaving `source` may enter `target`; in order: any, a shared tag, the same type, a safe conversion. */
export function fits(source: Socket, target: Socket): boolean {
  return refused(source, target) === null || Boolean(target.takesList && LISTS.has(arrivingType(source, target)))
}

/** Whether a list arrives where one item is wanted: the wire may then map over it (`each`). */
export function wantsEach(source: Socket, target: Socket): boolean {
  return !fits(source, target) && refused(source, target) === 'graph.list_into_one' && refused(source, target, true) === null
}

/** Whether a wire may be drawn at all, as it is or mapping over a list. */
export function mayConnect(source: Socket, target: Socket): boolean {
  return fits(source, target) || wantsEach(source, target)
}

/** How well two fitting ports fit, for picking the best of several: the same type and a shared tag first, `any` last. */
export function closeness(source: Port, target: Port): number {
  if (!fits(source, target)) return 0
  let score = source.type === target.type ? 4 : source.type === 'any' || target.type === 'any' ? 1 : 2
  if (source.tags?.some((tag) => target.tags?.includes(tag))) score += 3
  if (source.stream && target.stream) score += 1
  if (target.required) score += 1
  return score
}

/** Whether a type is a list of something. */
export function isList(type: DataType): boolean {
  return LISTS.has(type)
}

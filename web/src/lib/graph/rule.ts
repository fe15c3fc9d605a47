/** The one rule that says which wire may be drawn (the twin of `graph/types.py`). */

import type { Port } from './document'

const NUMBERS = new Set(['integer', 'float'])

/** Whether a value leaving `source` may enter `target`; in order: any, a shared tag, the same type, a safe conversion. */
export function fits(source: Pick<Port, 'type' | 'tags' | 'convertible'>, target: Pick<Port, 'type' | 'tags' | 'convertible'>): boolean {
  if (source.type === 'any' || target.type === 'any' || source.convertible || target.convertible) return true
  if (source.tags?.some((tag) => target.tags?.includes(tag))) return true
  if (source.type === target.type) return true
  if (source.type === 'integer' && target.type === 'float') return true
  return target.type === 'string' && (NUMBERS.has(source.type) || source.type === 'boolean')
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

/** Whether a list arrives where one item is wanted: the wire may then map over it (`each`). */
export function wantsEach(source: Port, target: Port): boolean {
  return source.type === 'array' && target.type !== 'array' && target.type !== 'any' && !target.convertible && !fits(source, target)
}

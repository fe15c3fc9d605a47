import type { NodeView, RunView } from '@/lib/runs/fold'

/** One line of the timeline: where a node ran, as parts of the whole run from 0 to 1. */
export interface Bar {
  path: string
  node: NodeView
  start: number
  width: number
  /** Nothing but its length is known: the events of its start were not kept. */
  placed: boolean
}

/** Lines of the timeline in the order in which the nodes began; nodes that never ran come last. `now` is the age of the run in ms. */
export function bars(run: RunView, now: number): { whole: number; bars: Bar[] } {
  const nodes = [...run.nodes].filter(([, node]) => node.state !== 'idle')
  const whole = Math.max(1, now, ...nodes.map(([, node]) => node.until ?? node.ms ?? 0))
  const made = nodes.map(([path, node]) => bar(path, node, whole, now))
  const rank = (one: Bar) => (one.placed ? one.start : one.width ? 1 : 2)
  return { whole, bars: made.sort((a, b) => rank(a) - rank(b) || a.path.localeCompare(b.path, 'en', { numeric: true })) }
}

function bar(path: string, node: NodeView, whole: number, now: number): Bar {
  const from = node.from
  if (from === undefined) return { path, node, start: 0, width: (node.ms ?? 0) / whole, placed: false }
  const until = node.until ?? (node.state === 'running' || node.state === 'waiting' ? now : from + (node.ms ?? 0))
  return { path, node, start: from / whole, width: Math.max(0, until - from) / whole, placed: true }
}

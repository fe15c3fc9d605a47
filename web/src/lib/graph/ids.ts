/** Short ids, unique within a body, that stay readable in the saved file. */

import type { Body, Graph } from './model'

/** The next free `prefix1`, `prefix2`, … among `taken`. */
export function freeId(prefix: string, taken: { has(id: string): boolean; size?: number }, from = 1): string {
  let n = from
  while (taken.has(prefix + n)) n++
  return prefix + n
}

/** A source of fresh ids for one edit: counts on from the last one, so that adding many stays linear. */
export function minter(body: Body, graph?: Graph): { node(): string; wire(): string; frame(): string; group(): string } {
  const next = { node: body.nodes.size + 1, wire: body.wires.size + 1, frame: 1, group: 1 }
  const mint = (kind: keyof typeof next, prefix: string, taken: { has(id: string): boolean }) => () => {
    const id = freeId(prefix, taken, next[kind])
    next[kind] = Number(id.slice(prefix.length)) + 1
    return id
  }
  return {
    node: mint('node', 'n', body.nodes),
    wire: mint('wire', 'w', body.wires),
    frame: mint('frame', 'f', body.frames),
    group: mint('group', 'g', graph?.groups ?? { has: () => false }),
  }
}

/** What differs between two documents, for a person to look at. */

import type { BodyDoc, GraphDoc } from './document'

export interface Difference {
  what: 'node' | 'wire' | 'frame' | 'group' | 'interface'
  how: 'added' | 'removed' | 'changed'
  id: string
  /** The group it stands in; empty for the document itself. */
  group: string
  name: string
  fields: string[]
}

/** All differences from `before` to `after`; positions and sizes count as one field, `look`. */
export function differences(before: GraphDoc, after: GraphDoc): Difference[] {
  const found = ofBody('', before, after)
  const [old, now] = [byId(before.groups), byId(after.groups)]
  for (const id of new Set([...old.keys(), ...now.keys()])) {
    const [a, b] = [old.get(id), now.get(id)]
    if (a && b) found.push(...ofBody(id, a, b))
    else found.push({ what: 'group', how: a ? 'removed' : 'added', id, group: '', name: (a ?? b)!.name || id, fields: [] })
  }
  return found
}

function ofBody(group: string, before: BodyDoc, after: BodyDoc): Difference[] {
  const found: Difference[] = []
  const lists = [
    ['node', before.nodes, after.nodes],
    ['wire', before.wires, after.wires],
    ['frame', before.frames, after.frames],
  ] as const
  for (const [what, a, b] of lists) {
    const [old, now] = [byId<{ id: string }>(a), byId<{ id: string }>(b)]
    for (const id of new Set([...old.keys(), ...now.keys()])) {
      const [x, y] = [old.get(id), now.get(id)]
      const fields = x && y ? changedFields(x, y) : []
      if (x && y && !fields.length) continue
      found.push({ what, how: !x ? 'added' : !y ? 'removed' : 'changed', id, group, name: nameOf((y ?? x)!), fields })
    }
  }
  if (JSON.stringify(before.interface ?? {}) !== JSON.stringify(after.interface ?? {})) found.push({ what: 'interface', how: 'changed', id: '', group, name: '', fields: [] })
  return found
}

function byId<T extends { id: string }>(list: readonly T[] | undefined): Map<string, T> {
  return new Map((list ?? []).map((item) => [item.id, item]))
}

function nameOf(item: { id: string; name?: string; kind?: string; source?: readonly string[]; target?: readonly string[] }): string {
  if (item.source && item.target) return `${item.source.join('.')} → ${item.target.join('.')}`
  return item.name || item.kind || item.id
}

function changedFields(a: object, b: object): string[] {
  const [x, y] = [a as Record<string, unknown>, b as Record<string, unknown>]
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].filter((key) => JSON.stringify(x[key]) !== JSON.stringify(y[key]))
}

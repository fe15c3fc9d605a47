/** Edits as values: every change says what was there before, so its inverse is itself turned round. */

import { patched, type End, type FrameDoc, type GroupDoc, type Interface, type NodeDoc, type WireDoc } from './document'
import { Graph, type Body, type GroupMeta, type Slot } from './model'

type Records = { nodes: NodeDoc; wires: WireDoc; frames: FrameDoc }
type RecordChange<K extends keyof Records> = {
  table: K
  body: string
  id: string
  before: Slot<Records[K]> | null
  after: Slot<Records[K]> | null
}

export type Change =
  | RecordChange<'nodes'>
  | RecordChange<'wires'>
  | RecordChange<'frames'>
  | { table: 'interface'; body: string; id: ''; before: Interface; after: Interface }
  | { table: 'groups'; body: ''; id: string; before: Slot<GroupDoc> | null; after: Slot<GroupDoc> | null }
  | { table: 'group'; body: ''; id: string; before: GroupMeta; after: GroupMeta }

/** Turn changes round: applying the result undoes them. */
export function inverse(changes: readonly Change[]): Change[] {
  return changes.map((change) => ({ ...change, before: change.after, after: change.before }) as Change).reverse()
}

/** Apply changes in order. They must fit the graph: what they call `before` is there. */
export function apply(graph: Graph, changes: readonly Change[]): void {
  for (const change of changes) applyOne(graph, change)
  if (changes.length) graph.version++
}

function applyOne(graph: Graph, change: Change): void {
  switch (change.table) {
    case 'groups':
      if (change.after) graph.putGroup(change.after[0], change.after[1])
      else graph.deleteGroup(change.id)
      return
    case 'group':
      graph.groups.put([change.after, graph.groups.slot(change.id)![1]])
      return
    case 'interface':
      bodyOf(graph, change.body).interface = change.after
      break
    case 'wires': {
      const body = bodyOf(graph, change.body)
      const old = body.wires.get(change.id)
      if (old) body.unindex(old)
      if (change.after) {
        body.wires.put(change.after)
        body.index(change.after[0])
      } else body.wires.delete(change.id)
      break
    }
    case 'nodes': {
      const table = bodyOf(graph, change.body).nodes
      if (change.after) table.put(change.after)
      else table.delete(change.id)
      break
    }
    case 'frames': {
      const table = bodyOf(graph, change.body).frames
      if (change.after) table.put(change.after)
      else table.delete(change.id)
      break
    }
  }
  bodyOf(graph, change.body).version++
}

function bodyOf(graph: Graph, id: string): Body {
  const body = graph.body(id)
  if (!body) throw new Error(`no body ${id}`)
  return body
}

/** Join changes of the same record that follow each other: typing a word is one change, not ten. */
export function compact(changes: readonly Change[]): Change[] {
  const joined: Change[] = []
  const last = new Map<string, number>()
  for (const change of changes) {
    if (change.table === 'groups') {
      last.clear()
      joined.push(change)
      continue
    }
    const key = `${change.table}|${change.body}|${change.id}`
    const at = last.get(key)
    const earlier = at === undefined ? undefined : joined[at]
    if (earlier && earlier.before && earlier.after && change.before && change.after) joined[at!] = { ...earlier, after: change.after } as Change
    else {
      last.set(key, joined.length)
      joined.push(change)
    }
  }
  return joined
}

/** One undoable step while it is being made: each verb changes the graph at once and notes the change. */
export class Draft {
  constructor(
    readonly graph: Graph,
    readonly bodyId = '',
    readonly changes: Change[] = [],
  ) {}

  get body(): Body {
    return bodyOf(this.graph, this.bodyId)
  }
  /** The same step, on another body. */
  on(bodyId: string): Draft {
    return new Draft(this.graph, bodyId, this.changes)
  }
  private note(change: Change): void {
    apply(this.graph, [change])
    this.changes.push(change)
  }

  addNode(node: NodeDoc): void {
    this.note({ table: 'nodes', body: this.bodyId, id: node.id, before: null, after: [node, this.body.nodes.next] })
  }
  setNode(id: string, fields: Partial<NodeDoc>): void {
    const slot = this.body.nodes.slot(id)
    if (slot) this.note({ table: 'nodes', body: this.bodyId, id, before: slot, after: [patched(slot[0], fields), slot[1]] })
  }
  /** Set some members of a node's `look`; `undefined` leaves one out. */
  look(id: string, fields: NonNullable<NodeDoc['look']>): void {
    const node = this.body.nodes.get(id)
    if (node) this.setNode(id, { look: patched(node.look ?? {}, fields) })
  }
  /** Set one value; `undefined` gives the default back. */
  setValue(id: string, port: string, value: unknown): void {
    const node = this.body.nodes.get(id)
    if (!node) return
    const values = patched({ ...node.values } as Record<string, unknown>, { [port]: value })
    this.setNode(id, { values: Object.keys(values).length ? values : undefined })
  }
  /** Remove nodes and every wire that touches them. */
  removeNodes(ids: Iterable<string>): void {
    for (const id of ids) {
      const slot = this.body.nodes.slot(id)
      if (!slot) continue
      for (const wire of [...this.body.into(id), ...this.body.outOf(id)]) this.removeWire(wire.id)
      this.note({ table: 'nodes', body: this.bodyId, id, before: slot, after: null })
    }
  }

  addWire(wire: WireDoc, rank = this.body.wires.next): void {
    this.note({ table: 'wires', body: this.bodyId, id: wire.id, before: null, after: [wire, rank] })
  }
  setWire(id: string, fields: Partial<WireDoc>, rank?: number): void {
    const slot = this.body.wires.slot(id)
    if (slot) this.note({ table: 'wires', body: this.bodyId, id, before: slot, after: [patched(slot[0], fields), rank ?? slot[1]] })
  }
  removeWire(id: string): void {
    const slot = this.body.wires.slot(id)
    if (slot) this.note({ table: 'wires', body: this.bodyId, id, before: slot, after: null })
  }
  /** Set the course of a wire: its reroute points. */
  reroute(id: string, via: [number, number][]): void {
    const wire = this.body.wires.get(id)
    if (!wire) return
    const look = patched(wire.look ?? {}, { via: via.length ? via : undefined })
    this.setWire(id, { look: Object.keys(look).length ? look : undefined })
  }

  addFrame(frame: FrameDoc): void {
    this.note({ table: 'frames', body: this.bodyId, id: frame.id, before: null, after: [frame, this.body.frames.next] })
  }
  setFrame(id: string, fields: Partial<FrameDoc>): void {
    const slot = this.body.frames.slot(id)
    if (slot) this.note({ table: 'frames', body: this.bodyId, id, before: slot, after: [patched(slot[0], fields), slot[1]] })
  }
  /** Remove a frame; its content stays and belongs to the frame around it. */
  removeFrame(id: string): void {
    const slot = this.body.frames.slot(id)
    if (!slot) return
    const outer = slot[0].frame ?? undefined
    for (const node of this.body.nodes.list()) if (node.frame === id) this.setNode(node.id, { frame: outer })
    for (const frame of this.body.frames.list()) if (frame.frame === id) this.setFrame(frame.id, { frame: outer })
    this.note({ table: 'frames', body: this.bodyId, id, before: slot, after: null })
  }

  setInterface(after: Interface): void {
    this.note({ table: 'interface', body: this.bodyId, id: '', before: this.body.interface, after })
  }
  addGroup(group: GroupDoc): void {
    this.note({ table: 'groups', body: '', id: group.id, before: null, after: [group, this.graph.groups.next] })
  }
  setGroup(id: string, fields: Partial<GroupMeta>): void {
    const slot = this.graph.groups.slot(id)
    if (slot) this.note({ table: 'group', body: '', id, before: slot[0], after: patched(slot[0], fields) })
  }
  removeGroup(id: string): void {
    const slot = this.graph.groups.slot(id)
    if (slot) this.note({ table: 'groups', body: '', id, before: [this.graph.groupDoc(id)!, slot[1]], after: null })
  }
}

/** Whether two ends are the same port. */
export function sameEnd(a: End, b: End): boolean {
  return a[0] === b[0] && a[1] === b[1]
}

/** A graph in memory: plain records in ordered tables, with version counters and wire indexes. Nothing here is reactive. */

import type { BodyDoc, FrameDoc, GraphDoc, GroupDoc, Interface, NodeDoc, WireDoc } from './document'

/** A record and its place in the order of its table. */
export type Slot<T> = readonly [item: T, rank: number]

/** Records by id, in an order that survives removal and return: every record keeps its rank. */
export class Table<T extends { id: string }> {
  private readonly items = new Map<string, T>()
  private readonly ranks = new Map<string, number>()
  private top = 0
  private sorted: T[] | null = []

  constructor(items: readonly T[] = []) {
    for (const item of items) this.put([item, this.top])
  }

  get size(): number {
    return this.items.size
  }
  /** The rank a new last record takes. */
  get next(): number {
    return this.top
  }
  get(id: string): T | undefined {
    return this.items.get(id)
  }
  has(id: string): boolean {
    return this.items.has(id)
  }
  slot(id: string): Slot<T> | null {
    const item = this.items.get(id)
    return item ? [item, this.ranks.get(id)!] : null
  }
  put([item, rank]: Slot<T>): void {
    this.items.set(item.id, item)
    this.ranks.set(item.id, rank)
    if (rank >= this.top) this.top = rank + 1
    this.sorted = null
  }
  delete(id: string): void {
    this.items.delete(id)
    this.ranks.delete(id)
    this.sorted = null
  }
  /** All records in order. */
  list(): readonly T[] {
    return (this.sorted ??= [...this.items.values()].sort((a, b) => this.ranks.get(a.id)! - this.ranks.get(b.id)!))
  }
  values(): IterableIterator<T> {
    return this.items.values()
  }
  keys(): IterableIterator<string> {
    return this.items.keys()
  }
}

/** Nodes and wires of the graph itself (`id` is empty) or of a local group. */
export class Body {
  readonly nodes: Table<NodeDoc>
  readonly wires: Table<WireDoc>
  readonly frames: Table<FrameDoc>
  readonly incoming = new Map<string, Set<string>>()
  readonly outgoing = new Map<string, Set<string>>()
  interface: Interface
  version = 0

  constructor(
    readonly id: string,
    doc: BodyDoc = {},
  ) {
    this.nodes = new Table(doc.nodes)
    this.wires = new Table(doc.wires)
    this.frames = new Table(doc.frames)
    this.interface = doc.interface ?? {}
    for (const wire of this.wires.values()) this.index(wire)
  }

  index(wire: WireDoc): void {
    put(this.outgoing, wire.source[0], wire.id)
    put(this.incoming, wire.target[0], wire.id)
  }
  unindex(wire: WireDoc): void {
    this.outgoing.get(wire.source[0])?.delete(wire.id)
    this.incoming.get(wire.target[0])?.delete(wire.id)
  }

  /** Wires into `node` (into its `port` when given), in wire order. */
  into(node: string, port?: string): WireDoc[] {
    return this.pick(this.incoming.get(node), (wire) => port === undefined || wire.target[1] === port)
  }
  /** Wires out of `node` (out of its `port` when given), in wire order. */
  outOf(node: string, port?: string): WireDoc[] {
    return this.pick(this.outgoing.get(node), (wire) => port === undefined || wire.source[1] === port)
  }

  private pick(ids: Set<string> | undefined, keep: (wire: WireDoc) => boolean): WireDoc[] {
    if (!ids?.size) return []
    const found: WireDoc[] = []
    for (const id of ids) {
      const wire = this.wires.get(id)
      if (wire && keep(wire)) found.push(wire)
    }
    return found.length > 1 ? found.sort((a, b) => this.wires.slot(a.id)![1] - this.wires.slot(b.id)![1]) : found
  }

  /** The body as it is saved; empty lists are left out. */
  toDoc(): BodyDoc {
    const doc: BodyDoc = {}
    if (this.nodes.size) doc.nodes = [...this.nodes.list()]
    if (this.wires.size) doc.wires = [...this.wires.list()]
    if (this.frames.size) doc.frames = [...this.frames.list()]
    if (this.interface.inputs?.length || this.interface.outputs?.length) doc.interface = this.interface
    return doc
  }
}

function put(index: Map<string, Set<string>>, key: string, id: string): void {
  const set = index.get(key)
  if (set) set.add(id)
  else index.set(key, new Set([id]))
}

/** What a group has besides its body. */
export interface GroupMeta {
  id: string
  name?: string
  description?: string
  look?: Record<string, unknown>
  [member: string]: unknown
}

/** A whole document: its own body and those of its local groups. */
export class Graph {
  readonly root: Body
  readonly groups: Table<GroupMeta>
  readonly bodies = new Map<string, Body>()
  private readonly rest: Record<string, unknown>
  version = 0

  constructor(doc: GraphDoc = {}) {
    const { nodes, wires, frames, interface: face, groups, ...rest } = doc
    this.rest = rest
    this.root = new Body('', { nodes, wires, frames, interface: face })
    this.bodies.set('', this.root)
    this.groups = new Table<GroupMeta>()
    for (const group of groups ?? []) this.putGroup(group, this.groups.next)
  }

  body(id: string): Body | undefined {
    return this.bodies.get(id)
  }
  putGroup(group: GroupDoc, rank: number): void {
    const { nodes, wires, frames, interface: face, ...meta } = group
    this.groups.put([meta as GroupMeta, rank])
    this.bodies.set(group.id, new Body(group.id, { nodes, wires, frames, interface: face }))
  }
  groupDoc(id: string): GroupDoc | undefined {
    const meta = this.groups.get(id)
    return meta && ({ ...meta, ...this.bodies.get(id)!.toDoc() } as GroupDoc)
  }
  deleteGroup(id: string): void {
    this.groups.delete(id)
    this.bodies.delete(id)
  }

  /** The document as it is saved. */
  toDoc(): GraphDoc {
    const doc: GraphDoc = { format: 'comfytavern.graph', version: 1, ...this.rest, ...this.root.toDoc() }
    if (this.groups.size) doc.groups = this.groups.list().map((group) => this.groupDoc(group.id)!)
    return doc
  }
}

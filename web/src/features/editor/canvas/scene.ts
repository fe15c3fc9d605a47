import type { FrameDoc, NodeDoc, Point, Port, WireDoc } from '@/lib/graph/document'
import { courseOf, type Cubic } from '@/lib/graph/curve'
import type { Change } from '@/lib/graph/edit'
import { frameRect, layoutOf, nodeTitle, type Layout, type Rect } from '@/lib/graph/geometry'
import type { Kind } from '@/lib/graph/kinds'
import { typedPort } from '@/lib/graph/ports'
import type { EditorSession } from '../session/session'
import { familyColour } from './palette'

/** A node where it stands on the canvas. */
export interface Box extends Rect {
  id: string
  node: NodeDoc
  kind: Kind | undefined
  layout: Layout
  title: string
  hue: string
  /** Its place in the order of drawing and hit testing. */
  rank: number
}

/** A wire where it runs. */
export interface Line {
  id: string
  wire: WireDoc
  from: Box
  to: Box
  port: Port
  a: Point
  b: Point
  via: readonly Point[]
  course: Cubic[]
  bounds: Rect
}

/** The shown body as geometry, kept in step with the document: a change costs what it touches, not the size of the graph. */
export class Scene {
  readonly boxes = new Map<string, Box>()
  readonly lines = new Map<string, Line>()
  frames: { frame: FrameDoc; rect: Rect }[] = []
  locale = 'en'
  private order: Box[] | null = null
  private readonly followers = new Set<(touched: ReadonlySet<string> | null) => void>()

  constructor(readonly session: EditorSession) {
    this.rebuild()
  }

  /** Nodes in drawing order: later ones lie above. */
  list(): readonly Box[] {
    return (this.order ??= [...this.boxes.values()])
  }
  /** Call `follower` with the ids of nodes that look different now; with null when all may. */
  onChange(follower: (touched: ReadonlySet<string> | null) => void): () => void {
    this.followers.add(follower)
    return () => this.followers.delete(follower)
  }

  /** Lay out everything anew: another body, another language, other kinds. */
  rebuild(): void {
    this.boxes.clear()
    this.lines.clear()
    this.order = null
    const body = this.session.body
    for (const node of body.nodes.list()) this.place(node)
    for (const wire of body.wires.list()) this.run(wire)
    this.layFrames()
    for (const follower of this.followers) follower(null)
  }

  /** Follow one step of the document. */
  update(changes: readonly Change[] | null): void {
    const body = this.session.body
    if (!changes || changes.some((change) => change.table === 'groups' || change.table === 'interface' || change.table === 'group')) return this.rebuild()
    const mine = changes.filter((change) => change.body === body.id)
    if (!mine.length) return
    const touched = new Set<string>()
    const wires = new Set<string>()
    for (const change of mine) {
      if (change.table === 'nodes') touched.add(change.id)
      if (change.table !== 'wires') continue
      wires.add(change.id)
      for (const slot of [change.before, change.after]) if (slot) touched.add(slot[0].source[0]).add(slot[0].target[0])
    }
    for (const id of touched) {
      const node = body.nodes.get(id)
      if (node) this.place(node)
      else if (this.boxes.delete(id)) this.order = null
      for (const wire of body.incoming.get(id) ?? []) wires.add(wire)
      for (const wire of body.outgoing.get(id) ?? []) wires.add(wire)
    }
    for (const id of wires) {
      const wire = body.wires.get(id)
      if (wire) this.run(wire)
      else this.lines.delete(id)
    }
    if (mine.some((change) => change.table === 'frames')) this.layFrames()
    for (const follower of this.followers) follower(touched)
  }

  private place(node: NodeDoc): void {
    const { session } = this
    const kind = session.kinds.value.get(node.kind)
    const layout = layoutOf(session.world, session.body, node)
    const old = this.boxes.get(node.id)
    const box: Box = {
      id: node.id,
      node,
      kind,
      layout,
      x: node.look?.x ?? 0,
      y: node.look?.y ?? 0,
      w: layout.w,
      h: layout.h,
      title: nodeTitle(node, kind, this.locale),
      hue: node.look?.colour ?? familyColour(kind?.family),
      rank: old?.rank ?? this.boxes.size,
    }
    if (old) Object.assign(old, box)
    else {
      this.boxes.set(node.id, box)
      this.order = null
    }
  }

  private run(wire: WireDoc): void {
    const from = this.boxes.get(wire.source[0])
    const to = this.boxes.get(wire.target[0])
    if (!from || !to) return void this.lines.delete(wire.id)
    const a = from.layout.outputs.get(wire.source[1]) ?? [from.w, from.h / 2]
    const b = to.layout.inputs.get(wire.target[1]) ?? [0, to.h / 2]
    const { session } = this
    const port = from.layout.ports.get('o:' + wire.source[1]) ?? { id: wire.source[1], type: 'any' }
    const start: Point = [from.x + a[0], from.y + a[1]]
    const end: Point = [to.x + b[0], to.y + b[1]]
    const via = wire.look?.via ?? []
    const course = courseOf(start, end, via)
    this.lines.set(wire.id, { id: wire.id, wire, from, to, port: typedPort(session.world, session.body, from.node, 'outputs', port), a: start, b: end, via, course, bounds: boundsOf(course) })
  }

  private layFrames(): void {
    this.frames = this.session.body.frames.list().map((frame) => ({ frame, rect: frameRect(frame) }))
  }
}

function boundsOf(course: readonly Cubic[]): Rect {
  let [l, t, r, b] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const c of course)
    for (let i = 0; i < 8; i += 2) {
      l = Math.min(l, c[i]!)
      r = Math.max(r, c[i]!)
      t = Math.min(t, c[i + 1]!)
      b = Math.max(b, c[i + 1]!)
    }
  return { x: l, y: t, w: r - l, h: b - t }
}

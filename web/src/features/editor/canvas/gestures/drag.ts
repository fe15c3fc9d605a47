import { guided, snapped } from '@/lib/graph/arrange'
import { contains, overlaps, union, type Rect } from '@/lib/graph/geometry'
import { splice } from '@/lib/graph/wiring'
import { lineAt } from '../hit'
import type { CanvasContext, Gesture } from '../context'
import type { Box } from '../scene'

/** More than this many do not move as elements but as drawn boxes. */
const ELEMENTS_MAX = 12
const PULL_PX = 6

/** Move what is selected. Two CSS variables move the mounted nodes; the document learns of it once, on release. */
export function dragGesture(context: CanvasContext, start: PointerEvent): Gesture {
  const { session, scene, flow, overlay, host } = context
  const { selection } = session
  const frames = withInner(context, selection.frames)
  const nodes = new Set([...selection.nodes, ...insideFrames(context, frames)])
  const from = flow.toFlow(start.clientX, start.clientY)
  const boxes = [...nodes].flatMap((id) => scene.boxes.get(id) ?? [])
  const hull = union([...boxes, ...scene.frames.filter(({ frame }) => frames.has(frame.id)).map(({ rect }) => rect)])
  const light = nodes.size <= ELEMENTS_MAX
  let elements: HTMLElement[] = []
  let begun = false

  function begin(): void {
    begun = true
    flow.busy(true)
    elements = [...nodes].flatMap((id) => host().querySelector<HTMLElement>(`.vue-flow__node[data-id="${CSS.escape(id)}"]`) ?? [])
    for (const element of elements) element.classList.add(light ? 'carried' : 'away')
  }

  function finish(): void {
    for (const element of elements) element.classList.remove('carried', 'away')
    host().style.removeProperty('--dx')
    host().style.removeProperty('--dy')
    Object.assign(overlay, { drag: null, guides: [], splice: null })
    if (begun) flow.busy(false)
    context.repaint()
  }

  return {
    move(event) {
      if (!begun) begin()
      const now = flow.toFlow(event.clientX, event.clientY)
      const { dx, dy } = settled(context, hull, now.x - from.x, now.y - from.y, nodes, event.altKey)
      overlay.drag = { nodes, frames, dx, dy, boxes: !light }
      overlay.splice = !event.altKey && boxes.length === 1 ? spliceTarget(context, boxes[0]!, dx, dy) : null
      host().style.setProperty('--dx', `${dx}px`)
      host().style.setProperty('--dy', `${dy}px`)
      context.repaint()
    },
    end(_event, moved) {
      const drag = overlay.drag
      const into = overlay.splice
      if (moved && drag && (drag.dx || drag.dy)) commit(context, nodes, frames, drag.dx, drag.dy, into)
      finish()
    },
    cancel: finish,
  }
}

/** Pull to guides first, else to the grid. */
function settled(context: CanvasContext, hull: Rect | null, dx: number, dy: number, moving: ReadonlySet<string>, free: boolean): { dx: number; dy: number } {
  const { overlay, scene, flow } = context
  overlay.guides = []
  if (!hull || free || !context.snap.value) return { dx: Math.round(dx), dy: Math.round(dy) }
  const box = { ...hull, x: hull.x + dx, y: hull.y + dy }
  const { x, y, zoom } = flow.view()
  const { w, h } = flow.size()
  const seen: Rect = { x: -x / zoom, y: -y / zoom, w: w / zoom, h: h / zoom }
  const others = moving.size > 40 ? [] : scene.list().filter((other) => !moving.has(other.id) && overlaps(other, seen))
  const pull = guided(box, others, PULL_PX / zoom)
  overlay.guides = pull.guides
  const onX = pull.guides.some((guide) => guide.axis === 'x')
  const onY = pull.guides.some((guide) => guide.axis === 'y')
  return { dx: onX ? dx + pull.dx : snapped(box.x) - hull.x, dy: onY ? dy + pull.dy : snapped(box.y) - hull.y }
}

/** The wire a lone, unwired node is held over. */
function spliceTarget({ session, scene, flow }: CanvasContext, box: Box, dx: number, dy: number): string | null {
  const { body } = session
  if (body.incoming.get(box.id)?.size || body.outgoing.get(box.id)?.size) return null
  return lineAt(scene, box.x + dx + box.w / 2, box.y + dy + 17, 24 / flow.view().zoom)?.line.id ?? null
}

function commit(context: CanvasContext, nodes: ReadonlySet<string>, frames: ReadonlySet<string>, dx: number, dy: number, into: string | null): void {
  const { session, scene } = context
  session.edit(
    'move',
    (draft) => {
      for (const id of frames) {
        const frame = draft.body.frames.get(id)
        if (frame) draft.setFrame(id, { look: { ...frame.look, x: Math.round((frame.look?.x ?? 0) + dx), y: Math.round((frame.look?.y ?? 0) + dy) } })
      }
      for (const wire of draft.body.wires.list()) {
        const via = wire.look?.via
        if (via && nodes.has(wire.source[0]) && nodes.has(wire.target[0])) draft.reroute(wire.id, via.map(([x, y]) => [Math.round(x + dx), Math.round(y + dy)]))
      }
      for (const id of nodes) {
        const box = scene.boxes.get(id)
        const node = draft.body.nodes.get(id)
        if (!box || !node) continue
        const [x, y] = [Math.round((node.look?.x ?? 0) + dx), Math.round((node.look?.y ?? 0) + dy)]
        const frame = node.frame && frames.has(node.frame) ? node.frame : frameUnder(context, { x, y, w: box.w, h: box.h }, frames)
        draft.setNode(id, { look: { ...node.look, x, y }, ...(frame !== (node.frame ?? undefined) && { frame }) })
      }
      if (into && nodes.size === 1) splice(draft, session.world, [...nodes][0]!, into)
    },
    { params: { count: nodes.size + frames.size } },
  )
}

/** The smallest frame whose inside holds the middle of a node. */
function frameUnder({ scene }: CanvasContext, rect: Rect, moving: ReadonlySet<string>): string | undefined {
  const under = scene.frames.filter(({ frame, rect: area }) => !moving.has(frame.id) && contains(area, rect.x + rect.w / 2, rect.y + Math.min(rect.h / 2, 60)))
  return under.sort((a, b) => a.rect.w * a.rect.h - b.rect.w * b.rect.h)[0]?.frame.id
}

function withInner({ session }: CanvasContext, frames: ReadonlySet<string>): Set<string> {
  const all = new Set(frames)
  for (const frame of session.body.frames.list()) if (frame.frame && all.has(frame.frame)) all.add(frame.id)
  return all
}

function insideFrames({ session }: CanvasContext, frames: ReadonlySet<string>): string[] {
  if (!frames.size) return []
  return session.body.nodes.list().filter((node) => node.frame && frames.has(node.frame)).map((node) => node.id)
}
